// The admin web UI of lockgate. From "I have a URL" to "values flow and I trust them", and one look afterwards.
//
//   app/      what stands around the pages: addresses, session, theme, clock, the shell
//   api/      the only door to the server, its documents as types, documents that are kept fresh
//   format/   pure: ages, numbers, times, ranges, thumbprints, states, commands; tested without a browser
//   kit/      small parts that several pages use
//   pages/    one folder for each page
//   styles/   tokens.css has every colour and size, base.css the plain elements
//
// Rules: whatever a server or a device sent becomes a text node; no {@html}, no inline style or script (the
// Content-Security-Policy is `default-src 'self'`), nothing from another origin. Everything shown has its unit. Every
// action names the command line that does the same.

import { mount } from 'svelte';

import App from './App.svelte';
import './styles/tokens.css';
import './styles/base.css';

const target = document.getElementById('app');
if (target) mount(App, { target });
