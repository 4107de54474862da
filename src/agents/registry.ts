import { MAX_REMEMBERED_AGENTS } from "../contract/limits.ts";
import { readCurrentVersion, readCurrentVersions, readVersion, type VersionedConfig } from "../store/agent-versions.ts";
import { assistant } from "./assistant.ts";
import type { Agent } from "./define-agent.ts";
import { digest } from "./digest/digest.ts";
import { echo } from "./echo.ts";
import { scanner } from "./scanner/scanner.ts";
import { agentOf, withSettings } from "./stored.ts";

/** Every agent that is written in code. A new one is a file of its own and a name in this list. */
export const AGENTS: readonly Agent[] = [echo, scanner, digest, assistant];

/** A name that has had an agent, but has none in the version in force. */
export interface RetiredAgent {
  name: string;
  version: number;
  retired: true;
}

/** What a name stands for. Null: nothing, and it never did. */
export type Found = Agent | RetiredAgent | null;

/** Which agents there are: those of the code, with what was set of them since, and those that are stored. */
export interface Registry {
  /** As the code has them. */
  code: ReadonlyMap<string, Agent>;
  /**
   * As last seen from here, which asks D1 only once. It may be outdated: the agent's coordinator then refuses what
   * is asked of it with `agent_changed`, and who is refused for any reason that lies in the agent asks `current`.
   */
  known(db: D1Database, name: string): Promise<Found>;
  /** As it is in force. */
  current(db: D1Database, name: string): Promise<Found>;
  /** As one version had it: what a coordinator says is to be executed. */
  ofVersion(db: D1Database, name: string, version: number): Promise<Found>;
  /** All that are in force, those of the code first. */
  list(db: D1Database): Promise<Agent[]>;
}

export function createRegistry(agents: readonly Agent[]): Registry {
  const code = new Map(agents.map((agent) => [agent.name, agent]));
  if (code.size < agents.length) throw new Error("two agents have the same name");
  const seen = new Map<string, Agent | RetiredAgent>();

  function remember(found: Agent | RetiredAgent): Agent | RetiredAgent {
    const earlier = seen.get(found.name);
    if (earlier !== undefined && earlier.version >= found.version) return found;
    if (seen.size >= MAX_REMEMBERED_AGENTS) seen.clear();
    seen.set(found.name, found);
    return found;
  }

  function read(stored: VersionedConfig | null, name: string): Found {
    if (stored === null) return code.get(name) ?? null;
    const earlier = seen.get(name);
    return earlier?.version === stored.version ? earlier : remember(made(stored));
  }

  function made({ name, version, config }: VersionedConfig): Agent | RetiredAgent {
    const agent = code.get(name);
    if (agent !== undefined) return withSettings(agent, version, config?.kind === "code" ? config : { kind: "code" });
    if (config === null || config.kind === "code") return { name, version, retired: true };
    return agentOf(name, version, config);
  }

  const current = async (db: D1Database, name: string) => read(await readCurrentVersion(db, name), name);

  return {
    code,
    current,
    known: async (db, name) => seen.get(name) ?? code.get(name) ?? current(db, name),
    async ofVersion(db, name, version) {
      const earlier = seen.get(name) ?? code.get(name);
      return earlier?.version === version ? earlier : read(await readVersion(db, name, version), name);
    },
    async list(db) {
      const stored = new Map((await readCurrentVersions(db)).map((version) => [version.name, version]));
      const names = new Set([...code.keys(), ...stored.keys()]);
      return [...names].map((name) => read(stored.get(name) ?? null, name)).filter(isAgent);
    },
  };
}

export function isAgent(found: Found): found is Agent {
  return found !== null && !("retired" in found);
}
