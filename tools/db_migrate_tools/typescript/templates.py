"""The parts of the file that are the same for every database."""

from __future__ import annotations

JSON = """\
export type Json =
  | string
  | number
  | boolean
  | null
  | { [key: string]: Json | undefined }
  | Json[]
"""

HELPERS = """\
type Schemas = Omit<Database, "__InternalSupabase">

type DefaultSchema = Schemas[Extract<keyof Database, __DEFAULT_SCHEMA__>]

type InSchema = { schema: keyof Schemas }

type RowsOf<S extends keyof Schemas> = Schemas[S]["Tables"] & Schemas[S]["Views"]

type DefaultRows = DefaultSchema["Tables"] & DefaultSchema["Views"]

/** A row as it is read: Tables<"name">, or Tables<{ schema: "other" }, "name">. */
export type Tables<
  Where extends keyof DefaultRows | InSchema,
  Name extends Where extends InSchema
    ? keyof RowsOf<Where["schema"]>
    : never = never,
> = Where extends InSchema
  ? RowsOf<Where["schema"]>[Name] extends { Row: infer R }
    ? R
    : never
  : Where extends keyof DefaultRows
    ? DefaultRows[Where] extends { Row: infer R }
      ? R
      : never
    : never

/** What an insert takes. */
export type TablesInsert<
  Where extends keyof DefaultSchema["Tables"] | InSchema,
  Name extends Where extends InSchema
    ? keyof Schemas[Where["schema"]]["Tables"]
    : never = never,
> = Where extends InSchema
  ? Schemas[Where["schema"]]["Tables"][Name] extends { Insert: infer I }
    ? I
    : never
  : Where extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][Where] extends { Insert: infer I }
      ? I
      : never
    : never

/** What an update takes. */
export type TablesUpdate<
  Where extends keyof DefaultSchema["Tables"] | InSchema,
  Name extends Where extends InSchema
    ? keyof Schemas[Where["schema"]]["Tables"]
    : never = never,
> = Where extends InSchema
  ? Schemas[Where["schema"]]["Tables"][Name] extends { Update: infer U }
    ? U
    : never
  : Where extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][Where] extends { Update: infer U }
      ? U
      : never
    : never

/** The labels of an enum. */
export type Enums<
  Where extends keyof DefaultSchema["Enums"] | InSchema,
  Name extends Where extends InSchema
    ? keyof Schemas[Where["schema"]]["Enums"]
    : never = never,
> = Where extends InSchema
  ? Schemas[Where["schema"]]["Enums"][Name]
  : Where extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][Where]
    : never

/** A composite type's attributes. */
export type CompositeTypes<
  Where extends keyof DefaultSchema["CompositeTypes"] | InSchema,
  Name extends Where extends InSchema
    ? keyof Schemas[Where["schema"]]["CompositeTypes"]
    : never = never,
> = Where extends InSchema
  ? Schemas[Where["schema"]]["CompositeTypes"][Name]
  : Where extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][Where]
    : never
"""

NOTE = "// Written by db-migrate from the database's schema. The next run overwrites what is changed here.\n"
