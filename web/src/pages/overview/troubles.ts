// What needs somebody: read from the status, the worst first, each with what to do. An empty list means that data is whole.

import type { Status, Step } from '../../api/documents';
import { count } from '../../format/number';
import { isHealthy, sinkState, sourceState, type Shown, type Tone } from '../../format/state';

export interface Trouble {
  key: string;
  /** Whose trouble it is. */
  who: string;
  href: string;
  state: Shown;
  detail: string;
  code: string | null;
  next: Step[];
  retryAt: string | null;
}

/** From how many days before its end a certificate is spoken of. */
export const SOON_DAYS = 30;

export function troubles(status: Status): Trouble[] {
  const found = [...ofRunning(status), ...ofSources(status), ...ofSinks(status), ...ofCertificate(status), ...ofGaps(status)];
  return found.sort((one, two) => WEIGHT[one.state.tone] - WEIGHT[two.state.tone]);
}

/** One line about all of it, for the top of the page. */
export function headline(status: Status): { text: string; tone: Tone } {
  const sources = status.sources;
  if (sources.length === 0) return { text: 'No source yet', tone: 'idle' };
  if (!status.running) return { text: 'Nothing is being collected', tone: 'bad' };
  const well = sources.filter((one) => isHealthy(one.state)).length;
  if (well < sources.length) return { text: `${well} of ${count(sources.length, 'source')} ${well === 1 ? 'gives' : 'give'} data`, tone: well ? 'warn' : 'bad' };
  if (status.sinks.some((sink) => sink.state === 'failing')) return { text: 'Data comes in; a sink does not take it', tone: 'warn' };
  if (status.storage && status.storage.gaps_open > 0) return { text: `Data comes in; ${count(status.storage.gaps_open, 'gap')} still open`, tone: 'warn' };
  return { text: lasting(status) === 0 ? 'Data is whole' : 'Data comes in', tone: 'ok' };
}

/** Gaps that history did not close and that stay for ever. */
export function lasting(status: Status): number {
  return (status.storage?.gaps_partly ?? 0) + (status.storage?.gaps_unfillable ?? 0);
}

function ofRunning(status: Status): Trouble[] {
  if (status.running || status.sources.length === 0) return [];
  const state = { words: 'not running', tone: 'bad' as const, meaning: 'No collector writes to the data folder.' };
  return [{ key: 'running', who: 'Collector', href: '/system', state, detail: 'no collector is running', code: null, next: [{ run: ['run'] }], retryAt: null }];
}

function ofSources(status: Status): Trouble[] {
  if (!status.running) return [];
  return status.sources
    .filter((one) => !isHealthy(one.state))
    .map((one) => ({
      key: `source ${one.source}`,
      who: one.source,
      href: `/source/${encodeURIComponent(one.source)}`,
      state: sourceState(one.state),
      detail: one.last?.detail ?? sourceState(one.state).meaning,
      code: one.last?.error_code ?? null,
      next: one.last?.next_step ?? (one.next_step ? [{ say: one.next_step }] : []),
      retryAt: one.last?.retry_at ?? null,
    }));
}

function ofSinks(status: Status): Trouble[] {
  return status.sinks
    .filter((one) => one.state === 'failing' || one.missed.length > 0 || (one.last?.quarantined_values ?? 0) > 0)
    .map((one) => ({
      key: `sink ${one.sink}`,
      who: `sink ${one.sink}`,
      href: '/sinks',
      state: sinkState(one.state),
      detail: one.last?.detail ?? (one.missed.length > 0 ? 'values went before it had taken them' : 'the other side refused values; they are kept aside'),
      code: one.last?.error_code ?? null,
      next: one.last?.next_step ?? (one.next_step ? [{ say: one.next_step }] : []),
      retryAt: null,
    }));
}

function ofCertificate(status: Status): Trouble[] {
  const ours = status.certificate;
  if (!ours?.needs) return [];
  const state = { words: ours.days_left > 0 ? 'ends soon' : 'ended', tone: ours.days_left > 0 ? ('warn' as const) : ('bad' as const), meaning: '' };
  return [{ key: 'certificate', who: 'our certificate', href: '/certificates', state, detail: ours.needs, code: null, next: [{ run: ['cert', 'renew'] }], retryAt: null }];
}

function ofGaps(status: Status): Trouble[] {
  const open = status.storage?.gaps_open ?? 0;
  if (open === 0) return [];
  const state = { words: 'missing', tone: 'warn' as const, meaning: 'Intervals on the gap ledger that nothing has closed.' };
  const detail = `${count(open, 'gap')} on the ledger ${open === 1 ? 'is' : 'are'} still open; the history of the server is asked again`;
  return [{ key: 'gaps', who: 'Gaps', href: '/sources?tab=gaps', state, detail, code: null, next: [{ run: ['gaps'] }], retryAt: null }];
}

const WEIGHT: Record<Tone, number> = { bad: 0, warn: 1, idle: 2, calm: 3, ok: 4 };
