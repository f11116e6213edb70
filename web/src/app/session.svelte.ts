// Who is logged in. The secret itself is in a cookie that no script can read.

import { get, post, Problem } from '../api/client';
import type { Session } from '../api/documents';
import { paths } from '../api/paths';

class CurrentSession {
  /** `undefined` until the server was asked. */
  who = $state.raw<Session | null | undefined>(undefined);
  problem = $state.raw<Problem | null>(null);

  /** Whether this user may change something. */
  get mayChange(): boolean {
    return this.who?.role === 'admin';
  }

  async find(): Promise<void> {
    try {
      this.who = await get<Session>(paths.session);
      this.problem = null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.needsLogin) this.who = null;
      else this.problem = error;
    }
  }

  async login(user: string, password: string): Promise<void> {
    this.who = await post<Session>(paths.login, { user, password });
  }

  async setup(secret: string, user: string, password: string): Promise<void> {
    this.who = await post<Session>(paths.setup, { secret, user, password });
  }

  async logout(): Promise<void> {
    await post(paths.logout).catch(() => undefined);
    this.who = null;
  }

  /** The server does not know the session any more. */
  lost(): void {
    this.who = null;
  }
}

export const session = new CurrentSession();
