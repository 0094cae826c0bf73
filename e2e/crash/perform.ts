/** The command of a storm: carries out operations, given as base64 of JSON, in the working directory. Runs inside a layer. */
import { perform, type Operation } from '../changes/operations.ts'

perform(process.cwd(), JSON.parse(Buffer.from(process.argv[2] ?? '', 'base64').toString()) as Operation[])
