/** Names of the caller's variables that go into a run: no secrets. The client sends no others, the daemon keeps no others. */
const PASSED = new Set([
  'PATH', 'LANG', 'LANGUAGE', 'TERM', 'TZ', 'COLORTERM', 'EDITOR', 'VISUAL', 'PAGER', 'USER', 'LOGNAME', 'SHELL', 'CI', 'NO_COLOR', 'FORCE_COLOR',
  // Where the machine keeps the certificates it trusts: without it every network but none fails behind a company's proxy.
  'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NIX_SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO', 'PIP_CERT',
  // Of the language, one by one: people send other things by names that begin so, since ssh passes them on.
  'LC_ALL', 'LC_CTYPE', 'LC_NUMERIC', 'LC_TIME', 'LC_COLLATE', 'LC_MONETARY', 'LC_MESSAGES', 'LC_PAPER', 'LC_NAME', 'LC_ADDRESS', 'LC_TELEPHONE', 'LC_MEASUREMENT', 'LC_IDENTIFICATION',
])

export function isPassed(name: string): boolean {
  return PASSED.has(name)
}
