/**
 * How a browser is let in: the user's own socket makes a one-time link, the page behind it trades the link for a secret
 * of its own (POST /login, the one call that needs no secret), keeps it in origin-scoped storage, and sends it as a header.
 */
import { z } from 'zod'
import { procedure, router, type Actor } from './trpc.ts'

export const loginLinkSchema = z.object({
  /** The code stands in the fragment: a browser sends it to nobody by itself. */
  url: z.string(),
  expiresAt: z.number().int(),
})
export type LoginLink = z.infer<typeof loginLinkSchema>

export const linkWishSchema = z.object({
  /** A browser is started with it: it will stand in a list of processes that everybody of this machine can read. */
  opens: z.boolean().default(false),
})
export type LinkWish = z.output<typeof linkWishSchema>

export const loginRequestSchema = z.object({ code: z.string().min(1).max(200) })
export const loginSchema = z.object({ secret: z.string(), expiresAt: z.number().int() })
export type Login = z.infer<typeof loginSchema>

export interface AccessService {
  /** Throws Problem `access-denied` for a caller who is not at the socket, `not-listening` without TCP. */
  link(wish: LinkWish, actor: Actor): LoginLink
}

export const accessRouter = router({
  link: procedure.input(linkWishSchema.default({ opens: false })).output(loginLinkSchema).mutation(({ ctx, input }) => ctx.access.link(input, ctx.actor)),
})
