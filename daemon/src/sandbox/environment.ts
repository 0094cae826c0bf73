/** Which of the caller's variables a command sees. Everything else, and all of the daemon's own, stays outside. */
const PASSED = new Set([
  'PATH', 'LANG', 'LANGUAGE', 'TERM', 'TZ', 'COLORTERM', 'EDITOR', 'VISUAL', 'PAGER', 'USER', 'LOGNAME', 'SHELL', 'CI', 'NO_COLOR', 'FORCE_COLOR',
  // Where the machine keeps the certificates it trusts: no secret, and without it `--net on` fails behind a company's proxy.
  'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NIX_SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO', 'PIP_CERT',
])
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The whole environment of a command inside. CI and NO_COLOR only when the caller has them: inside is as outside. */
export function environmentInside(callers: Readonly<Record<string, string | undefined>>, userHome: string): Record<string, string> {
  const passed = Object.entries(callers).filter((entry): entry is [string, string] => entry[1] !== undefined && isPassed(entry[0]))
  return {
    PATH: DEFAULT_PATH,
    ...Object.fromEntries(passed),
    HOME: userHome,
    // A command that only looks (git status) must not rewrite the index: it would show as a change.
    GIT_OPTIONAL_LOCKS: '0',
  }
}

function isPassed(name: string): boolean {
  return PASSED.has(name) || name.startsWith('LC_')
}
