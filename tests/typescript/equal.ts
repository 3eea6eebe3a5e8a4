import type * as ours from "./ours"
import type * as theirs from "./theirs"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

type Differing<A, B> = {
  [K in keyof A | keyof B]: K extends keyof A & keyof B ? (Equal<A[K], B[K]> extends true ? never : K) : K
}[keyof A | keyof B]

function nothing<_ extends never>() {}
function same<_ extends true>() {}

type Ours = ours.Database
type Theirs = theirs.Database
type O = Ours["public"]
type T = Theirs["public"]

nothing<Differing<O["Tables"], T["Tables"]>>()
nothing<Differing<O["Views"], T["Views"]>>()
nothing<Differing<O["Enums"], T["Enums"]>>()
nothing<Differing<O["CompositeTypes"], T["CompositeTypes"]>>()
nothing<Differing<Ours["api"], Theirs["api"]>>()
nothing<Differing<typeof ours.Constants, typeof theirs.Constants>>()

// The first three are errors told in words of our own; `teams_of` names the table "User" bare, which theirs quotes;
// `span_multirange` is a constructor that a range type brings along: part of the type, no function of the schema's.
type Told = "clash" | "clash2" | "title_length"
same<Equal<Differing<O["Functions"], T["Functions"]>, Told | "teams_of" | "span_multirange">>()
same<Equal<O["Functions"]["title_length"]["Args"], T["Functions"]["title_length"]["Args"]>>()
same<Equal<O["Functions"]["teams_of"]["Returns"], T["Functions"]["teams_of"]["Returns"]>>()
same<Equal<ours.Json, theirs.Json>>()

same<Equal<ours.Tables<"User">, theirs.Tables<"User">>>()
same<Equal<ours.Tables<"members">, theirs.Tables<"members">>>()
same<Equal<ours.Tables<{ schema: "api" }, "thing">, theirs.Tables<{ schema: "api" }, "thing">>>()
same<Equal<ours.TablesInsert<"kinds">, theirs.TablesInsert<"kinds">>>()
same<Equal<ours.TablesInsert<{ schema: "api" }, "part">, theirs.TablesInsert<{ schema: "api" }, "part">>>()
same<Equal<ours.TablesUpdate<"kinds">, theirs.TablesUpdate<"kinds">>>()
same<Equal<ours.Enums<"mood">, theirs.Enums<"mood">>>()
same<Equal<ours.Enums<{ schema: "api" }, "state">, "on" | "off">>()
same<Equal<ours.CompositeTypes<"address">, theirs.CompositeTypes<"address">>>()
same<Equal<ours.CompositeTypes<{ schema: "api" }, "pair">, theirs.CompositeTypes<{ schema: "api" }, "pair">>>()

// A comparison that finds nothing must be able to find something.
same<Equal<Equal<{ a: string }, { a: string | null }>, false>>()
same<Equal<Differing<{ a: 1; b: 2 }, { a: 1; b: 3; c: 4 }>, "b" | "c">>()
