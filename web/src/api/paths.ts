// Where each document is. Names that come from a server are encoded here, and nowhere else.

import { BASE, query } from './client';

const part = encodeURIComponent;
/** As many rows as an answer may have, shared by its streams. */
const ROWS = 200_000;
const OF_ONE = 100_000;
/** As many streams as are asked for at once. */
export const STREAMS = 10_000;

/** How many values of each stream a CSV file has at most. */
export function mostInCsv(streams: number): number {
  return Math.min(OF_ONE, Math.floor(ROWS / Math.max(1, streams)));
}

export const paths = {
  session: '/session',
  login: '/login',
  logout: '/logout',
  setup: '/setup',
  status: '/status',
  sources: '/sources',
  source: (name: string) => `/sources/${part(name)}`,
  browse: (name: string, node: string, offset: number) => `/sources/${part(name)}/browse${query({ node, offset })}`,
  select: (name: string) => `/sources/${part(name)}/select`,
  streams: (source?: string | null) => `/streams${query({ source, limit: STREAMS })}`,
  query: (streams: string[], from: string, to: string, points: number) => `/query${query({ stream: streams, from, to, points })}`,
  samples: (stream: string, from: string, to: string, limit: number) => `/query${query({ stream: [stream], from, to, limit })}`,
  /** A whole address, for a link that downloads. */
  csv: (streams: string[], from: string, to: string) => `${BASE}/query${query({ stream: streams, from, to, format: 'csv', limit: mostInCsv(streams.length) })}`,
  live: (streams: string[]) => `/live${query({ stream: streams })}`,
  gaps: (source?: string | null) => `/gaps${query({ source, limit: 1000 })}`,
  backfill: '/backfill',
  steer: (job: number | string, what: 'pause' | 'resume' | 'cancel') => `/backfill/${part(String(job))}/${what}`,
  events: (from: string, active: boolean) => `/events${query({ from, active: active ? 'true' : null })}`,
  eventsCsv: (from: string, active: boolean) => `${BASE}/events${query({ from, active: active ? 'true' : null, format: 'csv', limit: 10_000 })}`,
  own: '/certificates',
  ownFile: `${BASE}/certificates/own?form=der`,
  trust: '/trust',
  revocationLists: '/trust/revocation-lists',
  certificate: (thumbprint: string) => `/trust/${part(thumbprint)}`,
  accept: (thumbprint: string) => `/trust/${part(thumbprint)}/accept`,
  reject: (thumbprint: string) => `/trust/${part(thumbprint)}/reject`,
  discover: '/discover',
  about: '/about',
  audit: '/audit',
  users: '/users',
  user: (name: string) => `/users/${part(name)}`,
  tokens: '/tokens',
  token: (name: string) => `/tokens/${part(name)}`,
  config: '/config',
  configTry: '/config/try',
  configRollBack: '/config/roll-back',
};
