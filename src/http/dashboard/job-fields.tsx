import { Field } from "./schema-field.tsx";

interface FieldProps {
  path: string;
  label: string;
  value: string;
  hint?: string;
}

/** A line of a job's form. `empty`: what is sent where nothing is written, as JSON; left out: nothing is. `required`: what is said there. */
export function TextField(
  props: FieldProps & { kind?: string; empty?: string; viewerTimezone?: boolean; required?: string },
) {
  const id = idOf(props.path);
  return (
    <Field id={id} label={props.label} hint={props.hint}>
      <input
        id={id}
        data-path={props.path}
        data-kind={props.kind ?? "text"}
        data-empty={props.empty}
        data-required={props.required}
        data-viewer-timezone={props.viewerTimezone ? "" : undefined}
        value={props.value}
        autocomplete="off"
        aria-describedby={`${id}-hint ${id}-problem`}
      />
    </Field>
  );
}

export function SelectField(props: FieldProps & { options: Record<string, string>; kind?: string }) {
  const id = idOf(props.path);
  return (
    <Field id={id} label={props.label} hint={props.hint}>
      <select
        id={id}
        data-path={props.path}
        data-kind={props.kind ?? "text"}
        aria-describedby={`${id}-hint ${id}-problem`}
      >
        {Object.entries(props.options).map(([value, label]) => (
          <option value={value} selected={value === props.value}>
            {label}
          </option>
        ))}
      </select>
    </Field>
  );
}

/** `kind`: `local`, a clock on the wall of the job's timezone; `instant`, one of the viewer's. */
export function DateTimeField(props: FieldProps & { kind: "local" | "instant" }) {
  const id = idOf(props.path);
  return (
    <Field id={id} label={props.label} hint={props.hint}>
      <input
        id={id}
        type="datetime-local"
        step={props.value.endsWith(":00") ? "60" : "1"}
        data-path={props.path}
        data-kind={props.kind}
        value={props.value}
        aria-describedby={`${id}-hint ${id}-problem`}
      />
    </Field>
  );
}

function idOf(path: string): string {
  return `job-${path.replaceAll(".", "-")}`;
}
