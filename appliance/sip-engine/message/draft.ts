/**
 * A value while it is made, property by property. A frozen copy of spread parts costs as much as reading the text that
 * it is made of; afterwards nobody can write to it, because its type does not let them.
 */
export type Draft<T> = { -readonly [Key in keyof T]: T[Key] };
