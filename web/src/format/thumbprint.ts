// Thumbprints as OPC UA tools show them: SHA-1, two digits and a colon. Two are the same whatever stands between the digits.

/** `3D:1B:…`, from any spelling; what is no hex stays as it is. */
export function colons(text: string): string {
  const digits = bare(text);
  return /^[0-9A-F]+$/.test(digits) && digits.length % 2 === 0 ? (digits.match(/../g) ?? []).join(':') : text;
}

/** Digits only, in capitals. */
export function bare(text: string): string {
  return text.replace(/[\s:]/g, '').toUpperCase();
}

/** The groups of a thumbprint to compare by eye: five blocks of four bytes. */
export function blocks(text: string): string[] {
  return bare(text).match(/.{1,8}/g)?.map(colons) ?? [];
}
