// Takes clicks on links of our own and turns them into pages, without asking the server for a document.

import { match, type Route } from './routes';

class Router {
  path = $state(location.pathname);
  search = $state.raw(new URLSearchParams(location.search));
  route: Route = $derived(match(this.path));

  constructor() {
    addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (event) => this.#click(event));
  }

  go(address: string, replace = false): void {
    const url = new URL(address, location.href);
    if (replace) history.replaceState(null, '', url);
    else history.pushState(null, '', url);
    const other = url.pathname !== this.path;
    this.#read();
    if (other) scrollTo(0, 0);
  }

  /** Changes what stands behind the question mark; empty values go away. */
  set(values: Record<string, string | string[] | null>, replace = true): void {
    const search = new URLSearchParams(this.search);
    for (const [name, value] of Object.entries(values)) {
      search.delete(name);
      for (const one of Array.isArray(value) ? value : [value]) if (one) search.append(name, one);
    }
    const text = search.toString();
    this.go(this.path + (text ? `?${text}` : ''), replace);
  }

  #read(): void {
    this.path = location.pathname;
    this.search = new URLSearchParams(location.search);
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!(link instanceof HTMLAnchorElement) || link.origin !== location.origin) return;
    if (link.target || link.hasAttribute('download') || link.pathname.startsWith('/api/') || link.hash) return;
    event.preventDefault();
    this.go(link.href);
  }
}

export const router = new Router();
