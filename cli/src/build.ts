/** Which build this is; the daemon compares it with its own. */
declare const __NEXUS_BUILD__: string
export const BUILD = typeof __NEXUS_BUILD__ === 'string' ? __NEXUS_BUILD__ : 'source'
export const VERSION = '0.1.0'
