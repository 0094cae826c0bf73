/** Properties beside the sources repeat what NEXUS_SEED says; without it every run draws new cases. */
import fc from 'fast-check'

if (process.env.NEXUS_SEED !== undefined) fc.configureGlobal({ seed: Number(process.env.NEXUS_SEED) })
