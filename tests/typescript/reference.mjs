// Types as Supabase's own generator writes them: node reference.mjs URL OUTPUT SCHEMA...
import { writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

const [modules, url, output, ...includedSchemas] = process.argv.slice(2)
const require = createRequire(pathToFileURL(`${modules}/package.json`))
const load = async (name) => import(pathToFileURL(require.resolve(name)))
const { default: pg } = await load("pg")
const { introspect } = await load("@supabase/postgrest-typegen/introspection")
const { generateTypescript, sortGeneratorMetadata } = await load("@supabase/postgrest-typegen/generation")

const client = new pg.Client({ connectionString: url })
await client.connect()
const metadata = sortGeneratorMetadata(await introspect(client, { includedSchemas }))
writeFileSync(output, await generateTypescript(metadata, { detectOneToOneRelationships: true }))
await client.end()
