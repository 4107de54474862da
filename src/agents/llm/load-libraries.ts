export type Libraries = typeof import("./libraries.ts").libraries;

/** The libraries of models are read and compiled only where one first runs: see src/local/bundle.ts. */
export async function loadLibraries(): Promise<Libraries> {
  const { libraries } = await import("./libraries.ts");
  return libraries;
}
