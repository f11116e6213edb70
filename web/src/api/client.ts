// The one place that talks to the server: same origin only, session by cookie, a header on every request that changes
// something (a page of another origin cannot send it), errors as problem+json (RFC 9457).

import type { Advice } from './documents';

/** What went wrong, as the server told it, or in our words where it told nothing. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    /** What happened, in words. */
    readonly title: string,
    readonly detail: string | null = null,
    /** Stable, for programs and for asking somebody else. */
    readonly code: string | null = null,
    readonly advice: Advice | null = null,
  ) {
    super(detail ?? title);
  }

  /** Whether a login would help. */
  get needsLogin(): boolean {
    return this.status === 401;
  }
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>('GET', path, undefined, signal);
}

export function post<T>(path: string, body?: unknown): Promise<T> {
  return ask<T>('POST', path, body);
}

export function put<T>(path: string, body: unknown): Promise<T> {
  return ask<T>('PUT', path, body);
}

/** Sends a file as it is. */
export function send<T>(path: string, file: Blob, kind: string): Promise<T> {
  return ask<T>('POST', path, new Blob([file], { type: kind }));
}

export function remove<T>(path: string): Promise<T> {
  return ask<T>('DELETE', path);
}

/** A query string from what is set; lists repeat their name. */
export function query(values: Record<string, string | number | string[] | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (Array.isArray(value)) for (const one of value) search.append(name, one);
    else if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}

async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (method !== 'GET') headers[CSRF_HEADER] = '1';
  const file = body instanceof Blob ? body : null;
  if (body !== undefined) headers['content-type'] = file?.type ?? 'application/json';
  let answer: Response;
  try {
    answer = await fetch(BASE + path, {
      method, headers, signal, credentials: 'same-origin', cache: 'no-store', redirect: 'error',
      body: file ?? (body === undefined ? undefined : JSON.stringify(body)),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, 'lockgate does not answer', 'This page asks again by itself. Is lockgate run still running?');
  }
  if (!answer.ok) throw await problem(answer);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

async function problem(answer: Response): Promise<Problem> {
  const said: unknown = await answer.json().catch(() => null);
  const told = typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {};
  const text = (name: string) => (typeof told[name] === 'string' ? (told[name] as string) : null);
  const words = text('detail') ?? text('message') ?? text('title') ?? `the server answered ${answer.status}`;
  return new Problem(answer.status, words, null, text('code'), Array.isArray(told.next) ? (told as Advice) : null);
}

export const BASE = '/api/v1';
const CSRF_HEADER = 'x-lockgate';
