/** What the name of an environment variable may be, wherever one is given. Kept apart from the schemas: a client that checks a name need not load them. */
export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/
