/** What tools look for to find a proxy. In both cases, since some read only the one and some only the other. */

/** Tools that speak to what the command itself serves need no proxy for that. */
const DIRECT = 'localhost,127.0.0.1,::1,[::1]'

export function proxyEnvironment(port: number): Record<string, string> {
  const url = `http://127.0.0.1:${port}`
  // ALL_PROXY is HTTP as well: some libraries fail at the sight of a SOCKS address when they lack the module for it.
  const both = Object.entries({ HTTP_PROXY: url, HTTPS_PROXY: url, ALL_PROXY: url, NO_PROXY: DIRECT }).flatMap(([name, value]) => [[name, value], [name.toLowerCase(), value]])
  return {
    ...Object.fromEntries(both) as Record<string, string>, // names and values, just made
    // Node's own fetch and http look at the names above only when they are told to.
    NODE_USE_ENV_PROXY: '1',
    YARN_HTTP_PROXY: url, YARN_HTTPS_PROXY: url, CARGO_HTTP_PROXY: url, npm_config_proxy: url, npm_config_https_proxy: url, npm_config_noproxy: DIRECT,
  }
}
