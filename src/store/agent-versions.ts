import { AgentConfig } from "../contract/agent-definition.ts";
import type { AgentChange } from "../contract/agent-version.ts";
import { storage } from "./storage.ts";

/** An agent's configuration, as one of its versions holds it. */
export interface VersionedConfig {
  name: string;
  version: number;
  /** Null where the agent is retired. */
  config: AgentConfig | null;
}

export interface AgentVersionRecord extends VersionedConfig {
  change: AgentChange;
  changedBy: string;
  changedAtMs: number;
}

interface VersionRow {
  name: string;
  version: number;
  config: string | null;
  change: AgentChange;
  changed_by: string;
  changed_at: number;
}

const COLUMNS = `
  version.agent_name AS name, version.version, version.config, version.change, version.changed_by, version.changed_at`;

export const SELECT_CURRENT_VERSIONS = `
  SELECT ${COLUMNS}
    FROM agents JOIN agent_versions AS version ON version.agent_name = agents.name AND version.version = agents.version
   ORDER BY agents.name`;

export const SELECT_CURRENT_VERSION = `
  SELECT ${COLUMNS}
    FROM agents JOIN agent_versions AS version ON version.agent_name = agents.name AND version.version = agents.version
   WHERE agents.name = ?1`;

export const SELECT_VERSION = `
  SELECT ${COLUMNS} FROM agent_versions AS version WHERE version.agent_name = ?1 AND version.version = ?2`;

export const SELECT_VERSIONS = `
  SELECT ${COLUMNS} FROM agent_versions AS version
   WHERE version.agent_name = ?1 AND version.version < ?2 ORDER BY version.version DESC LIMIT ?3`;

/** What is in force of an agent, or null if it was never stored nor changed. */
export async function readCurrentVersion(db: D1Database, agentName: string): Promise<AgentVersionRecord | null> {
  const row = await storage("read an agent", () =>
    db.prepare(SELECT_CURRENT_VERSION).bind(agentName).first<VersionRow>(),
  );
  return row === null ? null : versionRecord(row);
}

/** The same of every agent, in the order of their names, the retired ones included. */
export async function readCurrentVersions(db: D1Database): Promise<AgentVersionRecord[]> {
  const { results } = await storage("read the agents", () => db.prepare(SELECT_CURRENT_VERSIONS).all<VersionRow>());
  return results.map(versionRecord);
}

/** One version of an agent, or null. It never changes. */
export async function readVersion(
  db: D1Database,
  agentName: string,
  version: number,
): Promise<AgentVersionRecord | null> {
  const row = await storage("read a version of an agent", () =>
    db.prepare(SELECT_VERSION).bind(agentName, version).first<VersionRow>(),
  );
  return row === null ? null : versionRecord(row);
}

/** At most `limit` versions of an agent below one, newest first. */
export async function listVersions(
  db: D1Database,
  { agentName, belowVersion, limit }: { agentName: string; belowVersion: number; limit: number },
): Promise<AgentVersionRecord[]> {
  const { results } = await storage("list the versions of an agent", () =>
    db.prepare(SELECT_VERSIONS).bind(agentName, belowVersion, limit).all<VersionRow>(),
  );
  return results.map(versionRecord);
}

function versionRecord({ name, version, config, change, changed_by, changed_at }: VersionRow): AgentVersionRecord {
  return {
    name,
    version,
    config: config === null ? null : AgentConfig.parse(JSON.parse(config)),
    change,
    changedBy: changed_by,
    changedAtMs: changed_at,
  };
}
