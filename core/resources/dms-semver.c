/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "resources/dms-semver.h"

#include <string.h>

enum
{
  MAX_NUMBERS = 8,
  MAX_TEXT = 256,
  /* Comparisons of one constraint. */
  MAX_TERMS = 16,
};

struct _DmsSemver
{
  guint n_numbers;
  guint64 numbers[MAX_NUMBERS];
  /* (nullable): what comes before the release, by its dots */
  GStrv before;
};

G_DEFINE_BOXED_TYPE (DmsSemver, dms_semver, dms_semver_ref, dms_semver_unref)

static gboolean
is_identifier (const char *text)
{
  return text[0] != '\0' &&
         strspn (text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") == strlen (text);
}

static gboolean
is_numeric (const char *text)
{
  return text[0] != '\0' && strspn (text, "0123456789") == strlen (text);
}

static gboolean
read_numbers (DmsSemver *self, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ".", MAX_NUMBERS + 1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (i == MAX_NUMBERS || !is_numeric (parts[i]) ||
          !g_ascii_string_to_unsigned (parts[i], 10, 0, G_MAXUINT64, &self->numbers[i], NULL))
        return FALSE;
      self->n_numbers++;
    }
  return self->n_numbers > 0;
}

static gboolean
read_before (DmsSemver *self, const char *text)
{
  self->before = g_strsplit (text, ".", -1);
  for (guint i = 0; self->before[i] != NULL; i++)
    {
      if (!is_identifier (self->before[i]))
        return FALSE;
    }
  return self->before[0] != NULL;
}

DmsSemver *
dms_semver_new (const char *text, GError **error)
{
  g_autoptr (DmsSemver) self = g_atomic_rc_box_new0 (DmsSemver);
  g_autofree char *numbers = NULL;
  char *build;
  char *before = NULL;

  if (text != NULL && strlen (text) <= MAX_TEXT)
    {
      numbers = g_strstrip (g_strdup (text[0] == 'v' || text[0] == 'V' ? text + 1 : text));
      build = strchr (numbers, '+');
      if (build != NULL)
        *build = '\0';
      before = strchr (numbers, '-');
      if (before != NULL)
        *before++ = '\0';
    }
  if (numbers == NULL || !read_numbers (self, numbers) || (before != NULL && !read_before (self, before)))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "“%.64s” is no version: write numbers with dots between them, such as 1.2.3 or 1.2.3-rc1",
                   text != NULL ? text : "");
      return NULL;
    }
  return g_steal_pointer (&self);
}

guint
dms_semver_get_n_numbers (DmsSemver *self)
{
  return self->n_numbers;
}

guint64
dms_semver_get_number (DmsSemver *self, guint index)
{
  return index < MAX_NUMBERS ? self->numbers[index] : 0;
}

static int
compare_numbers (DmsSemver *a, DmsSemver *b)
{
  for (guint i = 0; i < MAX_NUMBERS; i++)
    {
      if (a->numbers[i] != b->numbers[i])
        return a->numbers[i] < b->numbers[i] ? -1 : 1;
    }
  return 0;
}

/* Numbers by their value, and before all words; of any length, so without converting them. */
static int
compare_identifiers (const char *a, const char *b)
{
  gboolean a_numeric = is_numeric (a);
  gboolean b_numeric = is_numeric (b);

  if (a_numeric != b_numeric)
    return a_numeric ? -1 : 1;
  if (!a_numeric)
    return strcmp (a, b);
  a += MIN (strspn (a, "0"), strlen (a) - 1);
  b += MIN (strspn (b, "0"), strlen (b) - 1);
  if (strlen (a) != strlen (b))
    return strlen (a) < strlen (b) ? -1 : 1;
  return strcmp (a, b);
}

int
dms_semver_compare (DmsSemver *a, DmsSemver *b)
{
  int order = compare_numbers (a, b);
  guint i = 0;

  if (order != 0)
    return order;
  /* The release comes after all that comes before it. */
  if (a->before == NULL || b->before == NULL)
    return (a->before == NULL) - (b->before == NULL);
  while (order == 0 && a->before[i] != NULL && b->before[i] != NULL)
    {
      order = compare_identifiers (a->before[i], b->before[i]);
      i++;
    }
  if (order != 0)
    return order;
  return (a->before[i] != NULL) - (b->before[i] != NULL);
}

/* Constraints */

static gboolean
starts_like (DmsSemver *version, DmsSemver *wanted)
{
  for (guint i = 0; i + 1 < MAX (wanted->n_numbers, 2); i++)
    {
      if (version->numbers[i] != wanted->numbers[i])
        return FALSE;
    }
  return TRUE;
}

static gboolean
compares_as (DmsSemver *version, const char *operator, DmsSemver * wanted, gboolean *known)
{
  int order = dms_semver_compare (version, wanted);
  /* 2.0.0-rc1 is less than 2.0.0 and yet not what `< 2` wants. */
  gboolean eligible =
      version->before == NULL || (wanted->before != NULL && compare_numbers (version, wanted) == 0);

  *known = TRUE;
  if (operator[0] == '\0' || strcmp (operator, "=") == 0 || strcmp (operator, "==") == 0)
    return order == 0;
  if (strcmp (operator, "!=") == 0)
    return order != 0;
  if (strcmp (operator, "<") == 0)
    return eligible && order < 0;
  if (strcmp (operator, "<=") == 0)
    return eligible && order <= 0;
  if (strcmp (operator, ">") == 0)
    return eligible && order > 0;
  if (strcmp (operator, ">=") == 0)
    return eligible && order >= 0;
  *known = strcmp (operator, "~>") == 0;
  return eligible && order >= 0 && starts_like (version, wanted);
}

/* What a comparison compares with, and how. NULL when it is malformed. */
static DmsSemver *
read_term (const char *term, char **sign, GError **error)
{
  gsize length = strspn (term, "=!<>~");

  *sign = g_strndup (term, length);
  while (term[length] == ' ')
    length++;
  if (strpbrk (term + length, "=!<>~") != NULL)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "“%.64s” is more than one comparison: put a comma between them, such as >= 1.2, < 2",
                   term);
      return NULL;
    }
  return dms_semver_new (term + length, error);
}

/* Sets *error when the term is malformed. */
static gboolean
meets_term (DmsSemver *version, const char *term, GError **error)
{
  g_autofree char *operator= NULL;
  g_autoptr (DmsSemver) wanted = read_term (term, &operator, error);
  gboolean known = FALSE;
  gboolean met;

  if (wanted == NULL)
    return FALSE;
  met = compares_as (version, operator, wanted, &known);
  if (known)
    return met;
  g_set_error (error,
               DMS_ERROR,
               DMS_ERROR_INVALID_DATA,
               "“%s” compares no versions: use =, !=, <, <=, >, >= or ~>",
               operator);
  return FALSE;
}

gboolean
dms_semver_satisfies (const char *version, const char *constraint, GError **error)
{
  g_auto (GStrv) terms = g_strsplit (constraint != NULL ? constraint : "", ",", MAX_TERMS + 1);
  g_autoptr (DmsSemver) have = NULL;
  gboolean met = TRUE;

  if (g_strv_length (terms) > MAX_TERMS || (constraint != NULL && strlen (constraint) > MAX_TEXT))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "a constraint on a version may have %d parts and %d characters",
                   MAX_TERMS,
                   MAX_TEXT);
      return FALSE;
    }
  if (constraint == NULL || constraint[strspn (constraint, " ")] == '\0')
    return TRUE;
  have = dms_semver_new (version, error);
  if (have == NULL)
    return FALSE;
  /* All of them are read, so that a malformed one is told of whatever the others say. */
  for (guint i = 0; terms[i] != NULL; i++)
    {
      g_autoptr (GError) local = NULL;

      met = meets_term (have, g_strstrip (terms[i]), &local) && met;
      if (local == NULL)
        continue;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return met;
}

/* A version whose numbers are these, or which comes right behind them. */
static DmsSemver *
dup_release (DmsSemver *self, gboolean behind)
{
  DmsSemver *copy = g_atomic_rc_box_new0 (DmsSemver);

  copy->n_numbers = MAX_NUMBERS;
  memcpy (copy->numbers, self->numbers, sizeof copy->numbers);
  if (behind && copy->numbers[MAX_NUMBERS - 1] < G_MAXUINT64)
    copy->numbers[MAX_NUMBERS - 1]++;
  return copy;
}

/* What comes right behind it before the same release. */
static DmsSemver *
dup_behind (DmsSemver *self)
{
  DmsSemver *copy = dup_release (self, FALSE);
  g_autofree char *before = g_strjoinv (".", self->before);
  g_autofree char *longer = g_strconcat (before, ".0", NULL);

  copy->before = g_strsplit (longer, ".", -1);
  return copy;
}

typedef struct
{
  char *sign;
  DmsSemver *wanted;
} Term;

static void
term_clear (gpointer data)
{
  Term *term = data;

  g_free (term->sign);
  dms_semver_unref (term->wanted);
}

static void
read_terms (const char *constraint, GArray *terms)
{
  g_auto (GStrv) texts = g_strsplit (constraint != NULL ? constraint : "", ",", MAX_TERMS + 1);

  for (guint i = 0; texts[i] != NULL; i++)
    {
      Term term = { NULL, NULL };

      term.wanted = read_term (g_strstrip (texts[i]), &term.sign, NULL);
      if (term.wanted != NULL)
        g_array_append_val (terms, term);
      else
        g_free (term.sign);
    }
}

/* (transfer full) */
static gboolean
meets_all (DmsSemver *version, GArray *terms)
{
  g_autoptr (DmsSemver) own = version;
  gboolean met = TRUE;

  for (guint i = 0; met && i < terms->len; i++)
    {
      const Term *term = &g_array_index (terms, Term, i);
      gboolean known;

      met = compares_as (own, term->sign, term->wanted, &known) || !known;
    }
  return met;
}

/* What meets all comparisons is a range, or several; the first begins at 0, at a version that is compared
 * with, or right behind it. */
gboolean
dms_semver_can_meet (const char *const *constraints)
{
  g_autoptr (GArray) terms = g_array_new (FALSE, FALSE, sizeof (Term));
  gboolean met;

  g_array_set_clear_func (terms, term_clear);
  for (guint i = 0; constraints[i] != NULL; i++)
    read_terms (constraints[i], terms);
  met = meets_all (dms_semver_new ("0", NULL), terms);
  for (guint i = 0; !met && i < terms->len; i++)
    {
      DmsSemver *wanted = g_array_index (terms, Term, i).wanted;

      met = meets_all (dms_semver_ref (wanted), terms) || meets_all (dup_release (wanted, FALSE), terms) ||
            meets_all (dup_release (wanted, TRUE), terms) ||
            (wanted->before != NULL && meets_all (dup_behind (wanted), terms));
    }
  return met;
}

DmsSemver *
dms_semver_ref (DmsSemver *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  DmsSemver *self = data;

  g_strfreev (self->before);
}

void
dms_semver_unref (DmsSemver *self)
{
  g_atomic_rc_box_release_full (self, clear);
}
