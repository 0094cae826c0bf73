/**
 * Ids: one letter for the kind of thing and 12 lower-case base32 characters (60 random bits).
 * A prefix of at least 4 characters names a thing when it is unambiguous.
 */
const KINDS = { run: 'r', session: 's', worker: 'w', task: 't', approval: 'a', verification: 'v' } as const
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

export type IdKind = keyof typeof KINDS
export type Id<Kind extends IdKind> = string & { readonly __kind: Kind }

export const ID_PREFIX_MIN = 4

/** Builds an id from at least 12 random bytes; the randomness is handed in so that tests can repeat it. */
export function newId<Kind extends IdKind>(kind: Kind, random: Uint8Array): Id<Kind> {
  if (random.length < 12) throw new RangeError('an id needs 12 random bytes')
  const characters = Array.from(random.subarray(0, 12), (byte) => ALPHABET[byte & 31])
  return (KINDS[kind] + characters.join('')) as Id<Kind>
}

export function isId<Kind extends IdKind>(kind: Kind, text: string): text is Id<Kind> {
  return text.length === 13 && text.startsWith(KINDS[kind]) && /^[a-z2-7]+$/.test(text)
}
