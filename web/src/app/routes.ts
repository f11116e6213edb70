// Every page has an address that can be sent to somebody. This table is all of them.

import { bare } from '../format/thumbprint';

export type PageName =
  | 'overview' | 'sources' | 'source-add' | 'source' | 'trends' | 'certificates' | 'certificate'
  | 'alarms' | 'sinks' | 'system' | 'login' | 'setup' | 'unknown';

export interface Route { page: PageName; args: string[] }

const TABLE: [RegExp, PageName][] = [
  [/^\/$/, 'overview'],
  [/^\/sources$/, 'sources'],
  [/^\/sources\/add$/, 'source-add'],
  [/^\/source\/([^/]+)$/, 'source'],
  [/^\/trends$/, 'trends'],
  [/^\/certificates$/, 'certificates'],
  [/^\/certificates\/([^/]+)$/, 'certificate'],
  [/^\/alarms$/, 'alarms'],
  [/^\/sinks$/, 'sinks'],
  [/^\/system$/, 'system'],
  [/^\/login$/, 'login'],
  [/^\/setup$/, 'setup'],
];

/** What is in the navigation, in its order. */
export const NAVIGATION: { page: PageName; path: string; text: string; also: PageName[] }[] = [
  { page: 'overview', path: '/', text: 'Overview', also: [] },
  { page: 'sources', path: '/sources', text: 'Sources', also: ['source', 'source-add'] },
  { page: 'trends', path: '/trends', text: 'Trends', also: [] },
  { page: 'alarms', path: '/alarms', text: 'Alarms', also: [] },
  { page: 'certificates', path: '/certificates', text: 'Certificates', also: ['certificate'] },
  { page: 'sinks', path: '/sinks', text: 'Sinks', also: [] },
  { page: 'system', path: '/system', text: 'System', also: [] },
];

export function match(path: string): Route {
  const clean = path.length > 1 ? path.replace(/\/+$/, '') : path;
  for (const [pattern, page] of TABLE) {
    const found = pattern.exec(clean);
    if (found) return decoded(page, found.slice(1));
  }
  return { page: 'unknown', args: [] };
}

function decoded(page: PageName, args: string[]): Route {
  try {
    return { page, args: args.map(decodeURIComponent) };
  } catch {
    return { page: 'unknown', args: [] };
  }
}

export const to = {
  source: (name: string) => `/source/${encodeURIComponent(name)}`,
  certificate: (thumbprint: string) => `/certificates/${encodeURIComponent(bare(thumbprint))}`,
  trends: (streams: string[], from = '-1h', end = 'now') => {
    const search = new URLSearchParams(streams.map((name): [string, string] => ['s', name]));
    search.set('from', from);
    if (end !== 'now') search.set('to', end);
    return `/trends?${search}`;
  },
};
