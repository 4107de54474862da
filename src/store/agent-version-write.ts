import type { AgentChange } from "../contract/agent-version.ts";
import { storage } from "./storage.ts";

/** A new version of an agent, if the one before is the one that it was made from. */
export interface AgentVersionWrite {
  agentName: string;
  /** 0: there is none yet. */
  baseVersion: number;
  change: AgentChange;
  /** Null where it is retired. */
  configJson: string | null;
  /** New for every request: repeated under it, the write finds its version and makes no other. */
  changeKey: string;
  changedBy: string;
  changedAtMs: number;
}

export const INSERT_VERSION = `
  INSERT INTO agent_versions (agent_name, version, change, config, change_key, changed_by, changed_at)
  SELECT ?1, ?2 + 1, ?3, ?4, ?5, ?6, ?7
   WHERE ?2 = coalesce((SELECT version FROM agents WHERE name = ?1), 0)`;

export const PUT_IN_FORCE = `
  INSERT INTO agents (name, version)
  SELECT agent_name, version FROM agent_versions WHERE agent_name = ?1 AND version = ?2 + 1 AND change_key = ?3
      ON CONFLICT (name) DO UPDATE SET version = excluded.version WHERE version < excluded.version`;

export const SELECT_CHANGE = `
  SELECT changed_at AS changedAtMs FROM agent_versions WHERE agent_name = ?1 AND version = ?2 + 1 AND change_key = ?3`;

/** Answers when the version was made, by this write or an earlier try of it; null if another came first. */
export async function writeAgentVersion(db: D1Database, write: AgentVersionWrite): Promise<number | null> {
  const { agentName, baseVersion, change, configJson, changeKey, changedBy, changedAtMs } = write;
  const ofChange = (sql: string) => db.prepare(sql).bind(agentName, baseVersion, changeKey);
  const results = await storage("write a version of an agent", () =>
    db.batch<{ changedAtMs: number }>([
      db.prepare(INSERT_VERSION).bind(agentName, baseVersion, change, configJson, changeKey, changedBy, changedAtMs),
      ofChange(PUT_IN_FORCE),
      ofChange(SELECT_CHANGE),
    ]),
  );
  return results[2]?.results[0]?.changedAtMs ?? null;
}
