/** All that a client may ask. Thin glue over the services of the context; no rule lives here. */
import { accessRouter } from './access.ts'
import { agentsRouter } from './agents.ts'
import { eventsRouter } from './events.ts'
import { layersRouter } from './layers.ts'
import { questionsRouter } from './questions.ts'
import { runsRouter } from './runs.ts'
import { safetyRouter } from './safety.ts'
import { secretsRouter } from './secrets.ts'
import { settingsRouter } from './settings.ts'
import { systemRouter } from './system.ts'
import { router } from './trpc.ts'
import { transcriptsRouter } from './transcripts.ts'
import { verifyRouter } from './verify.ts'

export const nexusRouter = router({
  runs: runsRouter, questions: questionsRouter, transcripts: transcriptsRouter, layers: layersRouter, events: eventsRouter, system: systemRouter, access: accessRouter, verify: verifyRouter, settings: settingsRouter,
  secrets: secretsRouter, safety: safetyRouter, agents: agentsRouter,
})
export type NexusRouter = typeof nexusRouter
