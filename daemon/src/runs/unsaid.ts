/** What was denied, without secrets: a name that was asked for may hold one (https://TOKEN.example), in lower case as names are. */
import type { Denial } from '@nexus/protocol/network'
import type { KnownSecret, Secrets } from '../secrets/secrets.ts'

export function unsaid(denials: readonly Denial[], secrets: Pick<Secrets, 'redacted'>, known: readonly KnownSecret[]): Denial[] {
  const named = known.flatMap(({ name, value }) => [{ name, value }, { name, value: value.toLowerCase() }])
  const clear = (text: string) => secrets.redacted(Buffer.from(text), named).bytes.toString()
  return denials.map((denial) => ({
    ...denial, target: clear(denial.target), host: clear(denial.host), why: clear(denial.why), ...(denial.allow === undefined ? {} : { allow: clear(denial.allow) }),
  }))
}
