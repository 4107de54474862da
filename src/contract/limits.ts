/** Every bound of the service, with its unit. Change one here and the code, the schemas and the documentation follow. */

// What a caller may send.
export const MAX_BODY_BYTES = 256 * 1024;
/** Arrays and objects in each other, of any JSON that comes in or that an agent returns. */
export const MAX_JSON_DEPTH = 200;
export const MAX_AGENT_NAME_CHARS = 64;
export const MAX_IDEMPOTENCY_KEY_CHARS = 255;
/** How long one request may wait for a run that somebody else executes. */
export const MAX_WAIT_S = 60;
export const MAX_PAGE_RUNS = 200;
export const DEFAULT_PAGE_RUNS = 50;
/** Runs that one bulk request may be about. */
export const MAX_BULK_RUNS = 1_000;
/** Runs of a bulk request that are worked on at once. */
export const BULK_CONCURRENCY = 20;
/** Events of a run that one answer holds. */
export const MAX_PAGE_EVENTS = 500;
export const MAX_COST_DAYS = 366;
export const DEFAULT_COST_DAYS = 30;
export const RECENT_RUNS = 10;

// What an attempt may leave behind. A row holds at most 2 MB in D1, so these add up to well under it.
export const MAX_OUTPUT_BYTES = 512 * 1024;
export const MAX_ERROR_CHARS = 2_000;
export const MAX_LOG_EVENTS = 200;
export const MAX_LOG_BYTES = 64 * 1024;
export const MAX_LOG_MESSAGE_CHARS = 1_000;
export const MAX_LOG_DATA_CHARS = 4_000;
/** A list shows an output up to this size; the run itself has it whole. */
export const MAX_LISTED_OUTPUT_BYTES = 4 * 1024;
/** What one attempt may say that it used: far above any real run, far below what a sum can hold. */
export const MAX_RUN_TOKENS = 1_000_000_000_000;
export const MAX_RUN_COST_USD = 1_000_000;
/** Models that one attempt is counted by; what it uses of more counts as `other`. */
export const MAX_RUN_MODELS = 20;
export const MAX_MODEL_CHARS = 200;

// What an agent may ask for.
/** A queue consumer has 15 minutes; the rest is for recording the result. */
export const MAX_TIMEOUT_MS = 14 * 60_000;
export const MAX_CONCURRENCY = 1_000;

/** How long an attempt belongs to its executor without a heartbeat. */
export const LEASE_MS = 45_000;
/** An executor asks so often whether to go on: a cancelled run stops within this time. */
export const HEARTBEAT_MS = 4_000;
/** A line of an attempt's log waits no longer than this before it is sent up. */
export const MAX_LOG_DELAY_MS = 1_000;
/** A heartbeat extends the lease only if so much of it is gone. */
export const LEASE_RENEWAL_MS = 15_000;
/** How long a run waits for its turn unless its agent says otherwise. */
export const DEFAULT_QUEUE_TTL_MS = 24 * 60 * 60_000;
export const MAX_QUEUE_TTL_MS = 30 * 24 * 60 * 60_000;
/** Runs of an agent that may wait for their turn, unless it says otherwise. */
export const DEFAULT_MAX_QUEUED = 1_000;
export const MAX_QUEUED = 10_000;
export const MAX_ATTEMPTS = 20;
export const MAX_RETRY_DELAY_MS = 24 * 60 * 60_000;
export const MAX_DELAY_S = 365 * 24 * 60 * 60;
export const MAX_PRIORITY = 100;
/** The longest delay of a queue message; what is later is found by the sweep. */
export const MAX_WAKE_DELAY_S = 12 * 60 * 60;
/** How long an executor keeps trying to record a result before it leaves the run to the sweep. */
export const FINISH_PATIENCE_MS = 30_000;
/** Runs that one sweep closes per agent; the next minute takes the rest. */
export const MAX_SWEPT_RUNS = 500;

// Group commit: one transaction at a time, of at most so much.
export const MAX_COMMIT_WRITES = 100;
export const MAX_COMMIT_BYTES = 4 * 1024 * 1024;
/** How long a busy coordinator gathers writes before its next transaction. */
export const GATHER_MS = 1;
/** Writes that may wait for a transaction before new runs are refused. */
export const MAX_PENDING_WRITES = 2_000;
/** Tries of a whole transaction before it is split to isolate the write that spoils it. */
export const MAX_COMMIT_TRIES = 3;

// Server-sent events.
/** Then the connection closes and the client comes back: one invocation may ask D1 1,000 questions, one a second. */
export const MAX_STREAM_MS = 10 * 60_000;
/** A quiet stream says so often that it is there. */
export const STREAM_COMMENT_MS = 15_000;

// The stream of what happens.
/** Events that the hub remembers for viewers who come back. */
export const MAX_STREAM_EVENTS = 2_000;
/** Events that a coordinator keeps while its last call of the hub goes on; then viewers are told to look again. */
export const MAX_UNTOLD_EVENTS = 1_000;
/** Shortest and longest rest of a coordinator between two calls of the hub. */
export const MIN_TELL_REST_MS = 20;
export const MAX_TELL_REST_MS = 1_000;
/** Longest wait of an event in the hub for others to go with it. */
export const MAX_FAN_OUT_MS = 250;
export const STREAM_DEADLINE_MS = 5_000;
/** What may wait for a viewer who reads slowly; then it is hung up on, and comes back. */
export const MAX_VIEWER_BACKLOG_BYTES = 512 * 1024;
/** What a client is told to wait before it comes back. */
export const STREAM_RETRY_MS = 1_000;
/** So far the clocks of two machines of the platform may be apart; what is told twice for it does no harm. */
export const MAX_CLOCK_SKEW_MS = 1_000;

// Deadlines of outbound calls.
export const D1_DEADLINE_MS = 10_000;
export const COORDINATOR_DEADLINE_MS = 20_000;
export const MAX_COORDINATOR_TRIES = 3;

/** Clocks of two coordinators may differ by this much, and a row's id may lag its `created_at` by this much. */
export const CLOCK_SKEW_MS = 60_000;
/** What a caller is told to wait when the service, and not the caller, is the reason. */
export const RETRY_AFTER_S = 5;

/** Runs that one minute deletes at most: 1.4 million a day. */
export const MAX_PRUNED_RUNS = 1_000;

// Webhooks.
export const MAX_WEBHOOK_URL_CHARS = 2_000;
export const MAX_WEBHOOK_ATTEMPTS = 8;
/** For one try, from sending to the answer's headers. Shorter than any wait between tries, so that none overlap. */
export const WEBHOOK_DEADLINE_MS = 15_000;
export const MAX_WEBHOOK_RETRY_AFTER_MS = 24 * 60 * 60_000;
export const MAX_WEBHOOK_ERROR_CHARS = 500;
/** Of one queue batch at once: the platform lets an invocation wait for the headers of six answers at a time. */
export const MAX_CONCURRENT_WEBHOOKS = 4;
/** Clocks of those who set an instant and those who go by it may differ by this much. */
export const WEBHOOK_CLOCK_SKEW_MS = 1_000;
/** So long after it was due a delivery's message counts as lost. */
export const WEBHOOK_OVERDUE_MS = 30_000;
/** Deliveries that one sweep sends messages for; the next minute takes the rest. */
export const MAX_SWEPT_WEBHOOKS = 500;

// Jobs.
export const MAX_JOB_ID_CHARS = 100;
export const DEFAULT_MISFIRE_GRACE_S = 300;
export const MAX_MISFIRE_GRACE_S = 30 * 24 * 60 * 60;
export const MAX_JITTER_S = 60 * 60;
export const MAX_JOB_FIRES = 1_000_000_000;
export const MAX_FAILURES_IN_A_ROW = 100;
/** Fires of a job that wait for the run before them; further slots are skipped. */
export const MAX_BUFFERED_FIRES = 100;
export const MAX_BACKFILL_SLOTS = 1_000;
/** Slots of a job that one transaction records, and transactions of a job that one invocation makes. */
export const MAX_CATCH_UP_SLOTS = 500;
export const MAX_CATCH_UP_ROUNDS = 20;
/** Slots that passed while a job was paused: one record stands for them, and counts so many. */
export const MAX_COUNTED_SLOTS = 5_000;
/** Jobs that one tick looks after; the next takes the rest. */
export const MAX_TICK_JOBS = 10_000;
/** Jobs of one queue message. A batch of messages stays under 1,000 calls of one invocation. */
export const JOBS_PER_MESSAGE = 40;
/** Runs that one invocation begins at once. */
export const BEGIN_CONCURRENCY = 40;
/** A fire without a run is begun again so long after it was promised: whoever promised it is gone. */
export const FIRE_RETRY_MS = 10_000;
/** A fire whose run could not be begun is given up so long after its slot, or after the job's grace if that is longer. */
export const MIN_FIRE_PATIENCE_MS = 120_000;
export const MAX_PAGE_JOBS = 200;
export const DEFAULT_PAGE_JOBS = 100;
export const MAX_PAGE_FIRES = 500;
export const DEFAULT_PAGE_FIRES = 50;
export const RECENT_FIRES = 10;
export const NEXT_SLOTS = 10;
/** How often a request that finds its job changed meanwhile is made again of the changed one. */
export const MAX_JOB_LOOKS = 5;
/** The ticker wakes at least so often, and so soon again while fires wait for something. */
export const TICKER_MS = 60_000;
export const TICKER_SOON_MS = 2_000;
/** A clock that has been silent so long has stopped. */
export const CLOCK_STOPPED_MS = 180_000;

// Agents that are stored.
/** Retired ones included: their history stays. */
export const MAX_STORED_AGENTS = 1_000;
/** Agents whose configuration one isolate remembers. */
export const MAX_REMEMBERED_AGENTS = 200;
/** How often a request that finds its agent changed meanwhile is made again of the changed one. */
export const MAX_AGENT_LOOKS = 4;
export const MAX_PAGE_VERSIONS = 100;
export const DEFAULT_PAGE_VERSIONS = 20;
export const MAX_DISPLAY_NAME_CHARS = 100;
export const MAX_AGENT_TEXT_CHARS = 2_000;
export const MAX_TAGS = 20;
export const MAX_TAG_CHARS = 50;
export const DEFAULT_TIMEOUT_MS = 60_000;
export const DEFAULT_CONCURRENCY = 10;

// What an agent remembers.
export const MAX_MEMORY_KEYS = 1_000;
export const MAX_MEMORY_KEY_CHARS = 512;
/** Of one value, as JSON. */
export const MAX_MEMORY_VALUE_BYTES = 64 * 1024;
/** Of all keys and values of an agent. */
export const MAX_MEMORY_BYTES = 8 * 1024 * 1024;
/** How often an update that finds its value changed meanwhile is made again of the changed one. */
export const MAX_MEMORY_TRIES = 200;
export const MAX_PAGE_MEMORY = 200;
export const DEFAULT_PAGE_MEMORY = 50;
/** So long a change is known by its key: longer than a caller who got no answer repeats it. */
export const MEMORY_CHANGE_KEPT_MS = 10 * 60_000;

// What agents read of the history.
/** Of one read by an agent. */
export const MAX_HISTORY_RUNS = 1_000;
export const MAX_OUTLINED_ERROR_CHARS = 500;

// The digest.
export const MAX_DIGEST_HOURS = 7 * 24;
/** Runs that one digest is made of, the newest; the rest of its time is said to be left out. */
export const MAX_DIGEST_RUNS = 10_000;
/** Runs of the scanner that it reads whole. */
export const MAX_DIGEST_SCANS = 20;
/** An output may be half a megabyte: they are not all held at once. */
export const MAX_CONCURRENT_SCAN_READS = 4;
export const MAX_DIGEST_ROWS = 20;
export const MAX_DIGEST_TOP = 5;
export const MAX_CAUSE_CHARS = 200;
export const MAX_DIGEST_SUMMARY_CHARS = 4_000;
export const MAX_DIGEST_SUMMARY_TOKENS = 800;
/** Then the digest does without its model: well within the agent's own deadline. */
export const DIGEST_MODEL_DEADLINE_MS = 60_000;

// Agents elsewhere, which are called by HTTP.
export const MAX_AGENT_URL_CHARS = 2_000;
export const MAX_REMOTE_ANSWER_BYTES = 1024 * 1024;
/** Of a stream of events in all. */
export const MAX_REMOTE_STREAM_BYTES = 8 * 1024 * 1024;
/** So much of an answer that says no is shown in the run's error. */
export const MAX_REMOTE_REASON_CHARS = 300;
/** How long an attempt may go on that somebody else took over. */
export const MAX_HAND_OVER_MS = 24 * 60 * 60_000;

// Budgets.
export const MAX_BUDGET_USD = 1_000_000_000;
/** Of a limit: once so much is spent, the service says so. */
export const DEFAULT_WARN_SHARE = 0.8;
/** What a run of an agent that says nothing of it may cost, unless BUDGET_RUN_RESERVE_USD says otherwise. */
export const DEFAULT_RUN_RESERVE_USD = 0.01;
/** How often a run is tried to be inserted while budgets change under it. */
export const MAX_BUDGET_LOOKS = 5;

// The scanner.
export const MAX_SCAN_TARGETS = 50;
export const MAX_TARGET_URL_CHARS = 500;
/** Cloudflare lets one invocation wait for the headers of six answers at a time. */
export const MAX_CONCURRENT_TARGETS = 6;
/** For one target: its redirects, its headers and its body together. */
export const TARGET_DEADLINE_MS = 15_000;
export const MAX_REDIRECTS = 5;
export const MAX_SCANNED_BYTES = 2 * 1024 * 1024;
/** A page's title is looked for in so much of its beginning. */
export const MAX_TITLE_SEARCH_BYTES = 256 * 1024;
// What a report shows of what a site may make as long as it likes: fifty hostile targets stay under MAX_OUTPUT_BYTES.
export const MAX_TITLE_BYTES = 200;
export const MAX_SHOWN_URL_BYTES = 100;
export const MAX_REASON_BYTES = 200;
export const MAX_HEADER_VALUE_BYTES = 100;
export const MAX_COOKIE_NAME_BYTES = 30;
export const MAX_LISTED_COOKIES = 10;
export const MAX_FINDINGS = 200;
/** Targets that make room in the scanner's memory for one that is scanned, where it is full. */
export const MAX_FORGOTTEN_TARGETS = 50;

// Who may call.
export const MAX_TOKEN_NAME_CHARS = 60;
export const MAX_PAGE_TOKENS = 200;
export const DEFAULT_PAGE_TOKENS = 100;
/** Tokens that are not revoked. */
export const MAX_TOKENS = 1_000;
export const MAX_REQUESTS_PER_MINUTE = 1_000_000;
/** How long an isolate goes by what it last read of a token or session: so long after it is revoked it may still be let in. */
export const CREDENTIAL_CACHE_MS = 5_000;
/** Tokens and sessions that an isolate remembers. */
export const MAX_REMEMBERED_CREDENTIALS = 500;
/** A token's last use is written down so often at most. */
export const LAST_USE_MS = 60 * 60_000;
/** Then a request is let through uncounted. */
/** Tokens that may be tried from one address in a minute and open nothing. */
export const MAX_FAILED_SIGN_INS_PER_MINUTE = 10;
export const RATE_COUNT_DEADLINE_MS = 2_000;
/** The period of the coarse limits, which wrangler.toml sets. */
export const COARSE_WINDOW_S = 60;
/** For the keys of Cloudflare Access. */
export const ACCESS_KEYS_DEADLINE_MS = 5_000;
/** How long a browser stays signed in. */
export const SESSION_MS = 12 * 60 * 60_000;

// Schedules.
export const MAX_CRON_CHARS = 200;
export const MAX_TIMEZONE_CHARS = 64;
export const MAX_INTERVAL_S = 366 * 24 * 60 * 60;
/** A first slot that is further away than this is a mistake. */
export const MAX_SCHEDULE_MS = 100 * 366 * 24 * 60 * 60_000;
export const MAX_PREVIEW_SLOTS = 100;
export const DEFAULT_PREVIEW_SLOTS = 10;

// The record of changes.
export const MAX_PAGE_AUDIT = 200;
export const DEFAULT_PAGE_AUDIT = 50;
/** So much is kept of what something was before a change, and as much of what it was after. */
export const MAX_AUDIT_CHARS = 16_000;

// Agents that are language models.
export const MAX_PROMPT_CHARS = 20_000;
export const MAX_OUTPUT_TOKENS = 200_000;
export const MAX_MODEL_STEPS = 50;
/** What a model says is sent up as an event once there is so much of it, or after so long. */
export const MAX_TEXT_EVENT_CHARS = 1_000;
export const TEXT_EVENT_MS = 500;
/** What a tool gives back to a model. */
export const MAX_TOOL_RESULT_CHARS = 20_000;
export const TOOL_FETCH_DEADLINE_MS = 15_000;
/** Of runs that agents ask for: a run that nobody's run asked for has depth 0. */
export const MAX_AGENT_DEPTH = 3;
/** Runs that one run may ask for, those that they ask for included. */
export const MAX_CHILD_RUNS = 20;
/** A shorter text is not looked for in what an attempt leaves, though somebody calls it a secret. */
export const MIN_HIDDEN_CHARS = 8;
/** In US dollars: what the runs that one run asks for may cost together, unless its agent says otherwise. */
export const DEFAULT_CHILDREN_USD = 1;
/** Agents that one may be allowed to have run. */
export const MAX_RUN_AGENTS = 100;
/** Models whose price is set by the API. */
export const MAX_MODEL_PRICES = 1_000;
export const MAX_MODEL_NAME_CHARS = 200;
export const MAX_PRICE_USD_PER_MILLION = 100_000;
