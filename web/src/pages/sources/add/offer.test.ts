import { describe, expect, it } from 'vitest';

import type { Discovery, Finding, Verdict } from '../../../api/documents';
import { address, offer, strength, suggested } from './offer';

const finding = (status: string, suppressed = false): Finding => ({ step: 'x', thumbprint: '', subject: '', status, suppressed, message: '', remedy: null, by: null, command: null });
const found = (verdict: Verdict, choice: number | null = 0) =>
  ({ choice, endpoints: [{ certificate: '3D:1B', mode: 'SignAndEncrypt', strength: 'strong', refused: null }], certificates: [{ thumbprint: '3d1b', verdict }] }) as unknown as Discovery;

describe('what a server offers', () => {
  it('can be asked about when only the trust is missing', () => {
    const verdict = { status: 'BadCertificateUntrusted', findings: [finding('BadCertificateUntrusted'), finding('BadCertificateTimeInvalid', true)], skipped: [] };
    expect(offer(found(verdict))?.stands).toBe('ask');
  });
  it('cannot be trusted when something else is wrong, too', () => {
    const verdict = { status: 'BadCertificateUntrusted', findings: [finding('BadCertificateUntrusted'), finding('BadCertificateTimeInvalid')], skipped: [] };
    expect(offer(found(verdict))?.stands).toBe('blocked');
    expect(offer(found({ status: 'BadCertificateInvalid', findings: [], skipped: [] }))?.stands).toBe('blocked');
  });
  it('is trusted already where the verdict is good, and nothing where nothing can be used', () => {
    const good = { status: 'Good', findings: [], skipped: [] };
    expect(offer(found(good))?.stands).toBe('trusted');
    expect(offer(found(good, null))).toBeNull();
  });
  it('is marked where it is weak', () => {
    const endpoint = found({ status: 'Good', findings: [], skipped: [] }).endpoints[0]!;
    expect(strength(endpoint).tone).toBe('ok');
    expect(strength({ ...endpoint, mode: 'Sign' }).tone).toBe('warn');
    expect(strength({ ...endpoint, refused: 'SHA-1' })).toEqual({ words: 'not usable', tone: 'bad', meaning: 'SHA-1' });
  });
});

describe('an address', () => {
  it('may be typed short', () => {
    expect(address(' plc1 ')).toBe('opc.tcp://plc1:4840');
    expect(address('plc1:4841')).toBe('opc.tcp://plc1:4841');
    expect(address('opc.tcp://[fd00::1]')).toBe('opc.tcp://[fd00::1]:4840');
    expect(address('opc.tcp://plc1:4840/path')).toBe('opc.tcp://plc1:4840/path');
    expect(address('https://plc1')).toBe('https://plc1');
    expect(address('')).toBe('');
  });
  it('gives a name that is not taken', () => {
    expect(suggested('opc.tcp://PLC-1.plant.example:4840', [])).toBe('plc-1');
    expect(suggested('opc.tcp://plc1:4840', ['plc1'])).toBe('plc11');
    expect(suggested('opc.tcp://10.0.0.7:4840', ['line1'])).toBe('line2');
    expect(suggested('opc.tcp://localhost:4840', [])).toBe('line1');
  });
});
