/** Files that the bundler hands over as their text: see [[rules]] of wrangler.toml. */
declare module "*.css" {
  const text: string;
  export default text;
}
declare module "*.client.js" {
  const text: string;
  export default text;
}
declare module "*.svg" {
  const text: string;
  export default text;
}
declare module "*/uPlot.iife.min.js" {
  const text: string;
  export default text;
}
