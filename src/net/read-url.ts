const NOT_WHOLE = "must be a whole http or https URL, like https://example.com/";

/** The URL as it is asked for, so without its fragment; or why nothing can be asked for there. */
export function readUrl(text: string, base?: URL): URL | string {
  const url = URL.parse(text, base);
  if (url?.protocol !== "http:" && url?.protocol !== "https:") return NOT_WHOLE;
  if (url.username !== "" || url.password !== "") return "must not carry a user name or a password";
  url.hash = "";
  return url;
}
