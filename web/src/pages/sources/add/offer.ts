// What a server offers, read for a person: which endpoint we would use, whose certificate it shows, and whether anything
// but the missing trust stands in the way. Pure.

import type { Certificate, Discovery, Endpoint, Verdict } from '../../../api/documents';
import type { Shown } from '../../../format/state';
import { bare } from '../../../format/thumbprint';

export interface Offer {
  endpoint: Endpoint;
  certificate: Certificate;
  verdict: Verdict;
  /** `trusted`, `ask`: only the trust is missing; `blocked`: no trust mends this. */
  stands: 'trusted' | 'ask' | 'blocked';
}

/** The endpoint that would be used with its certificate; null when there is none that is good enough. */
export function offer(found: Discovery): Offer | null {
  const endpoint = found.choice === null ? undefined : found.endpoints[found.choice];
  const print = endpoint?.certificate;
  if (!endpoint || !print) return null;
  const certificate = found.certificates.find((one) => bare(one.thumbprint) === bare(print));
  if (!certificate?.verdict) return null;
  return { endpoint, certificate, verdict: certificate.verdict, stands: stands(certificate.verdict) };
}

function stands(verdict: Verdict): Offer['stands'] {
  if (verdict.status === 'Good') return 'trusted';
  const counting = verdict.findings.filter((one) => !one.suppressed);
  return counting.length > 0 && counting.every((one) => one.status === 'BadCertificateUntrusted') ? 'ask' : 'blocked';
}

/** How strong an endpoint is. */
export function strength(endpoint: Endpoint): Shown {
  if (endpoint.refused) return { words: 'not usable', tone: 'bad', meaning: endpoint.refused };
  if (endpoint.mode === 'None') return { words: endpoint.strength, tone: 'bad', meaning: 'Anybody on the way can read and change what is sent.' };
  if (endpoint.mode === 'Sign') return { words: endpoint.strength, tone: 'warn', meaning: 'Anybody on the way can read what is sent.' };
  return { words: endpoint.strength, tone: 'ok', meaning: 'Signed and encrypted.' };
}

/** A name to begin with: the host of the address, in the signs that a name may have. */
export function suggested(url: string, taken: string[]): string {
  const host = /^opc\.tcp:\/\/(\[[^\]]*\]|[^:/]+)/i.exec(url)?.[1] ?? '';
  const name = host.replace(/^\[|\]$/g, '').split('.')[0]?.replace(/[^A-Za-z0-9_-]/g, '').toLowerCase() ?? '';
  const first = !name || /^\d/.test(name) || name === 'localhost' ? 'line' : name;
  if (first !== 'line' && !taken.includes(first)) return first;
  for (let number = 1; ; number += 1) if (!taken.includes(`${first}${number}`)) return `${first}${number}`;
}

/** An address as somebody types it: without the scheme, with the usual port left out. */
export function address(typed: string): string {
  const text = typed.trim();
  if (!text) return '';
  const whole = /^[a-z][a-z.]*:\/\//i.test(text) ? text : `opc.tcp://${text}`;
  return /^opc\.tcp:\/\/(\[[^\]]*\]|[^:/]+)$/i.test(whole) ? `${whole}:4840` : whole;
}
