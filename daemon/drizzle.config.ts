import { defineConfig } from 'drizzle-kit'

/** `npx drizzle-kit generate` in this folder writes the SQL of changed tables; migrations are append-only. */
export default defineConfig({ dialect: 'sqlite', schema: './src/**/*.sql.ts', out: '../migrations' })
