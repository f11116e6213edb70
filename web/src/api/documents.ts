// The documents of the API. They are those of `--json` on the command line: see docs/command-line.md, "Answers".
// Everything in them that came from a server is hostile: it becomes text, never markup.

export interface Session { user: string; role: 'viewer' | 'admin' }

/** A step of what to do: words, or a command of lockgate. */
export type Step = { say: string } | { run: string | string[] };

/** `lockgate/error/1`. */
export interface Advice {
  code?: string;
  message?: string;
  side?: 'us' | 'server' | 'network' | null;
  rule?: string | null;
  facts?: { label: string; value: string }[];
  next?: Step[];
}

/** What the collector wrote about a source. */
export interface SourceStatus {
  state: string;
  since: string;
  updated: string;
  detail: string | null;
  error_code: string | null;
  status_code: number | null;
  next_step: Step[] | null;
  retry_at: string | null;
  policy: string;
  mode: string;
  user: string | null;
  server_application_uri: string | null;
  server_thumbprint: string | null;
  server_certificate_not_after: string | null;
  own_thumbprint: string | null;
  own_certificate_not_after: string | null;
  streams: number;
  streams_polled: number;
  streams_refused: number;
  refused_example: string | null;
  nodes_waiting: number;
  values_total: number;
  values_per_second: number;
  last_sample_time: string | null;
  last_message_time: string | null;
  acknowledged: { subscription: number; sequence: number }[];
  gaps_found: number;
  gaps_open: number;
  backfilled_total: number;
  reconnects: number;
  danger: string[];
}

export interface StatusOfSource {
  source: string;
  url: string;
  state: string;
  data_age_seconds: number | null;
  message_age_seconds: number | null;
  next_step: string | null;
  last: SourceStatus | null;
}

export interface SinkStatus {
  kind: string;
  target: string;
  state: string;
  since: string;
  updated: string;
  detail: string | null;
  error_code: string | null;
  next_step: Step[] | null;
  delivered_total: number;
  last_delivery: string | null;
  quarantine_folder: string | null;
  quarantine_files: number;
  quarantined_values: number;
  danger: string[];
}

export interface Missed { source: string; from: string; to: string; values: number; in_historian: boolean | number; reason: string; recorded_at: string }

export interface StatusOfSink {
  sink: string;
  kind: string;
  state: string;
  waiting_values: number;
  waiting_seconds: number | null;
  missed: Missed[];
  next_step: string | null;
  last: SinkStatus | null;
}

export interface Storage {
  streams: number;
  sealed_files: number;
  sealed_rows: number;
  sealed_bytes: number;
  unsealed_rows: number;
  journal_bytes: number;
  journal_used_bytes: number;
  journal_limit_bytes: number | null;
  gaps: number;
  gaps_open: number;
  gaps_filled: number;
  gaps_partly: number;
  gaps_unfillable: number;
  oldest: string | null;
  newest: string | null;
}

/** `lockgate/status/1`. */
export interface Status {
  running: boolean;
  sources: StatusOfSource[];
  sinks: StatusOfSink[];
  storage: Storage | null;
  certificate: { thumbprint: string; not_after: string; days_left: number; needs: string | null } | null;
}

/** One source of `lockgate/source-list/1`; with the intervals it is `lockgate/source-show/1`. */
export interface Source {
  name: string;
  url: string;
  policy: string;
  mode: string;
  user: string | null;
  server_application_uri: string | null;
  server_thumbprint: string | null;
  roots: string[];
  danger: string[];
  publishing_interval_ms?: number;
  sampling_interval_ms?: number;
  queue_size?: number;
  max_nodes?: number;
}

/** `lockgate/streams/1`; `next` is set when there are more. */
export interface Streams { streams: Stream[]; next: string | null }

/** One stream of it. */
export interface Stream {
  name: string;
  source: string;
  key: string;
  data_type: string;
  unit: string | null;
  description: string | null;
  range: { low: number; high: number } | null;
  states: { value: number; name: string }[];
  last: { time: string; age_seconds: number; status: string; status_code: number } | null;
}

export interface CurvePoint { time: string; value: number | null; break?: string }

export interface Sample {
  time: string;
  value: unknown;
  type: string;
  status: string;
  status_code: number;
  source_time: string | null;
  server_time: string | null;
  receive_time: string | null;
}

/** One stream's part of `lockgate/query/1`. */
export interface Answer {
  stream: string;
  source: string;
  unit: string | null;
  truncated: boolean;
  curve?: CurvePoint[];
  samples?: Sample[];
}

/** `lockgate/query/1`: of one stream its members stand at the top, of several in `streams`. */
export interface Query extends Partial<Answer> { from: string; to: string; streams?: Answer[] }

export interface Gap {
  source: string;
  stream: string | null;
  from: string;
  to: string;
  reason: string;
  detail: string | null;
  recorded_at: string;
  state: string;
  cause: string | null;
  retry_at: string | null;
  streams: number;
  streams_complete: number;
  streams_without_history: number;
  streams_failed: number;
  example: string | { stream?: string; why?: string } | null;
  samples_added: number;
}

/** `lockgate/gaps/1`. */
export interface Gaps { truncated: boolean; gaps: Gap[]; sinks: (Missed & { sink: string })[] }

export interface Job {
  id: number | string;
  source: string;
  stream: string | null;
  only: string | null;
  from: string;
  to: string;
  origin: string;
  state: string;
  cause: string | null;
  streams: number;
  streams_complete: number;
  samples_read: number;
  samples_added: number;
  updated_at: string;
}

export interface Certificate {
  thumbprint: string;
  sha256: string;
  subject: string;
  issuer: string;
  self_signed: boolean;
  application_uri: string | null;
  dns_names: string[];
  ip_addresses: string[];
  key: string;
  serial: string;
  not_before: string;
  not_after: string;
  authority: boolean | null;
  key_usages: string[] | null;
  extended_key_usages: string[] | null;
  signature: string | null;
  standing?: 'trusted' | 'issuer' | 'rejected';
}

export interface Finding {
  step: string;
  thumbprint: string;
  subject: string;
  status: string;
  suppressed: boolean;
  message: string;
  remedy: string | null;
  by: 'us' | 'owner' | 'authority' | null;
  command: string | null;
}

export interface Verdict { status: string; findings: Finding[]; skipped: string[] }

/** `lockgate/trust-list/1`. */
export interface TrustList { store: string; certificates: Certificate[]; problems: { path: string; message: string }[]; crls?: Crl[] }

export interface Crl { issuer: string; number: string | null; this_update: string; next_update: string | null; count: number }

/** `lockgate/trust-show/1`. */
export interface TrustShow { standing: string; certificate: Certificate; verdict: Verdict }

/** `lockgate/cert-show/1`. */
export interface OwnCertificates {
  certificates: Certificate[];
  pairs: { role: string; certificate_file: string; certificate: Certificate; needs: string | null }[];
  key_waits: boolean;
  broken: { role: string; message: string }[];
}

export interface Endpoint {
  policy: string;
  policy_uri: string;
  mode: string;
  strength: string;
  user_tokens: string[];
  application_uri: string;
  application_name: string;
  product_uri: string;
  endpoint_url: string;
  security_level: number;
  certificate: string | null;
  verdict: string | null;
  refused: string | null;
}

/** `lockgate/discover/1`. */
export interface Discovery {
  url: string;
  servers: { application_uri: string; application_name: string; product_uri: string; urls: string[] }[];
  endpoints: Endpoint[];
  choice: number | null;
  reason: string;
  certificates: (Certificate & { verdict?: Verdict })[];
}

export interface PlantEvent {
  stream: string;
  time: string;
  event_id: string;
  type_name: string;
  source_name: string | null;
  severity: number;
  message: string | null;
  condition?: {
    id: string;
    name: string | null;
    branch: string | null;
    retain: boolean | null;
    enabled: boolean | null;
    active: boolean | null;
    acknowledged: boolean | null;
    confirmed: boolean | null;
  } | null;
}

/** `lockgate/events/1`. */
export interface Events { from: string; to: string; truncated: boolean; events: PlantEvent[] }

/** `lockgate/config-plan/1`. */
export interface ConfigPlan {
  config: string;
  running: boolean;
  changes: { part: string; action: string; settings: { key: string; from: string | null; to: string | null }[] }[];
}

/** `lockgate/about/1`. */
export interface About { name: string; version: string; config: string; data: string; time_zone?: string }

/** A user or a token, never its secret. */
export interface Person { name: string; role: 'viewer' | 'admin'; created: string }

/** `lockgate/audit/1`. */
export interface Audit {
  truncated: boolean;
  entries: { at: string; who: string; by: string | null; from: string; action: string; target: string; status: number; detail: string }[];
}

/** `lockgate/source-made/1`. */
export interface SourceMade {
  source: Source;
  connected: boolean;
  trouble: { code: string; detail: string; next_step: string | null } | null;
  running: boolean;
}

/** `lockgate/config/1`. The stamp goes back with the text that replaces it. */
export interface ConfigText { path: string; text: string; stamp: string; former: boolean }

/** `lockgate/config-applied/1`. */
export interface ConfigApplied { running: boolean; changes: ConfigPlan['changes']; stamp: string }

/** A node of `lockgate/browse/1`. */
export interface BrowsedNode { node_id: string; path: string; display_name: string; node_class: string }

/** `lockgate/browse/1`; `next` begins the next page. */
export interface Browse { nodes: BrowsedNode[]; next: number | null }

/** `lockgate/select/1`, as far as it is shown. */
export interface Selected {
  written: boolean;
  found: number;
  picked: number;
  truncated: boolean;
  values_per_second_at_most: number | null;
  values_queued_at_most: number;
  collisions: number;
  rules: { action: string; paths: string[]; data_types: string[]; type_definitions: string[]; namespaces: string[]; historizing: boolean | null; access_level: string[] }[];
  streams: { name: string; data_type: string }[];
}
