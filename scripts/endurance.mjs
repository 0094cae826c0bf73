// The whole suite with its long versions: more seeds, more kill points, more rounds (NEXUS_ENDURANCE=1 tells the suites).
process.env.NEXUS_ENDURANCE = '1'
await import('./test.mjs')
