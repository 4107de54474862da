/** As much of autocannon 9 as load.ts uses: the package brings no types. */
declare module "autocannon" {
  import type { EventEmitter } from "node:events";

  interface Options {
    url: string;
    method: "POST";
    headers: Record<string, string>;
    body: string;
    connections: number;
    /** Requests in all, spread evenly over the connections. */
    amount: number;
    /** How often it looks whether all is done, in milliseconds. */
    sampleInt: number;
    /** Per request, in seconds. */
    timeout: number;
  }

  interface Result {
    "2xx": number;
    non2xx: number;
    errors: number;
  }

  interface Tracker extends EventEmitter, Promise<Result> {
    on(event: "response", listener: (client: unknown, status: number, bytes: number, responseMs: number) => void): this;
  }

  export default function autocannon(options: Options): Tracker;
}
