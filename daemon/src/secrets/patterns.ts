/** What secrets look like when nobody has said what they are. Data: add a line, with an example in secrets.test.ts. */

export interface Pattern {
  readonly name: string
  /** It is not there where none of these is. */
  readonly hints: readonly string[]
  /** Global. What a first group holds stays, the rest goes; bytes are read as latin1. */
  readonly is: RegExp
}

export const PATTERNS: readonly Pattern[] = [
  { name: 'AWS access key', hints: ['AKIA', 'ASIA'], is: /()\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g },
  { name: 'AWS secret key', hints: ['secret_access_key', 'SECRET_ACCESS_KEY'], is: /(secret_access_key["']?\s{0,9}[:=]\s{0,9}["']?)[A-Za-z0-9/+]{40}/gi },
  { name: 'GitHub token', hints: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_'], is: /()\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})/g },
  { name: 'GitLab token', hints: ['glpat-'], is: /()\bglpat-[A-Za-z0-9_-]{20,255}/g },
  { name: 'npm token', hints: ['npm_'], is: /()\bnpm_[A-Za-z0-9]{36}\b/g },
  { name: 'Slack token', hints: ['xox'], is: /()\bxox[abposr]-[A-Za-z0-9-]{10,255}/g },
  { name: 'Stripe key', hints: ['k_live_', 'k_test_'], is: /()\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}/g },
  { name: 'Anthropic key', hints: ['sk-ant-'], is: /()\bsk-ant-[A-Za-z0-9_-]{20,255}/g },
  { name: 'OpenAI key', hints: ['sk-'], is: /()\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_]{20}[A-Za-z0-9_-]{12,255}/g },
  { name: 'Google key', hints: ['AIza', 'ya29.'], is: /()\b(?:AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,255})/g },
  // Not from the middle of a word: each beginning there would be read to the end of it.
  { name: 'JWT', hints: ['eyJ'], is: /()(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{8,1024}/g },
  { name: 'password in an address', hints: ['://'], is: /(:\/\/[^\s:/@"']{1,64}:)[^\s@/"'$<{]{3,256}(?=@[\w.-])/g },
  // With care: only what is written like a variable of the environment, and holds both letters and digits.
  { name: 'secret variable', hints: ['PASSW', 'SECRET', 'TOKEN', 'API_KEY', 'APIKEY', 'PRIVATE_KEY'], is: /((?:^|[\s"'])[A-Z0-9_]{0,40}(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY)=["']?)(?=[^\s"']{0,250}\d)(?=[^\s"']{0,250}[A-Za-z])[^\s"'$<{(]{8,256}/gm },
]

/** With these they begin: one of them may be cut in two itself. */
export const ANCHORS: readonly string[] = [
  'AKIA', 'ASIA', 'ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_', 'glpat-', 'npm_', 'xoxa-', 'xoxb-', 'xoxo-', 'xoxs-', 'xoxp-', 'xoxr-', 'sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'sk-', 'AIza', 'ya29.', 'eyJ',
  '-----BEGIN ', 'PASSWORD=', 'PASSWD=', 'SECRET=', 'TOKEN=', 'API_KEY=', 'APIKEY=', 'PRIVATE_KEY=', 'secret_access_key',
]

/** The beginning of one at the very end of what has come so far: the rest may be on its way. */
export const OPEN = /(?:AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|npm_|xox[abposr]-|[sr]k_(?:live|test)_|sk-|AIza|ya29\.|eyJ|:\/\/[^\s:/@]{1,64}:|(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY)=|(?:secret_access_key|SECRET_ACCESS_KEY)["']?[:=])/

export const KEY_BEGINS = '-----BEGIN '
export const KEY_BEGIN_LINE = /-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----/
export const KEY_END_LINE = /-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----/
