/** How a person's answer to a question of the network is told, in every client. */
import type { NetAnswer } from './network.ts'

export const ANSWER_WORDS: Readonly<Record<NetAnswer, string>> = { once: 'allowed once', run: 'allowed for this run', deny: 'denied' }
