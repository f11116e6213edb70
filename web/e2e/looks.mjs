// How every page looks and whether everybody can use it: a screenshot light, dark and on a phone, no serious finding of
// axe-core, nothing that sticks out sideways, no word of complaint on the browser's console.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SERIOUS = ['serious', 'critical'];

export const MODES = [
  { name: 'light', viewport: { width: 1360, height: 900 }, colorScheme: 'light' },
  { name: 'dark', viewport: { width: 1360, height: 900 }, colorScheme: 'dark' },
  { name: 'phone', viewport: { width: 375, height: 812 }, colorScheme: 'light' },
];

/** Collects what the pages complain about. `expected` are answers that a walk asks for on purpose. */
export function listen(page, complaints, expected) {
  page.on('pageerror', (error) => complaints.push(`error in a script: ${error.message}`));
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    if (!expected.some((pattern) => pattern.test(message.text()))) complaints.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(page.url() === 'about:blank' ? request.url() : page.url()).origin)) complaints.push(`asked elsewhere: ${request.url()}`);
  });
}

export async function look(page, name, mode, out, complaints) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) complaints.push(`${name} (${mode}) sticks out by ${wide} pixels`);
  // Through the debugger, not as a script of the page: the Content-Security-Policy forbids that, and stays on.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  for (const one of violations.filter((each) => SERIOUS.includes(each.impact))) {
    complaints.push(`${name} (${mode}) ${one.impact} ${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target.join(' ')).join('; ')}`);
  }
  if (out) {
    mkdirSync(out, { recursive: true });
    // The window grows to the page instead of a picture in pieces, so that what sticks stays where it is.
    const size = page.viewportSize();
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ ...size, height: Math.min(4000, Math.max(size.height, height)) });
    await page.screenshot({ path: join(out, `${name}-${mode}.png`) });
    await page.setViewportSize(size);
  }
}
