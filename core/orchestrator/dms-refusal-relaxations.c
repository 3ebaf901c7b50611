/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "orchestrator/dms-refusal-relaxations.h"

#include "resources/dms-semver.h"

#include <string.h>

enum
{
  /* Amounts of all kinds that are told apart; more do not change the picture. Those that are coarse
   * (dms_bid_refusal_code_coarsen()) are two for each doubling. */
  MAX_CLASSES = 256,
  /* The best of them are told. */
  MAX_LISTED = 16,
};

/* What an older library, and nothing at all, is worth of what is asked for. */
static const double OLDER = 0.5;
static const double NOTHING = 0.1;

/* So many machines have that much, and lack nothing else. */
typedef struct
{
  DmsBidRefusalCode code;
  char *field;
  double amount;
  char *version;
  /* (nullable): the version, read; and whether only a least one is asked for. */
  DmsSemver *semver;
  gboolean at_least;
  guint n_peers;
} Class;

struct _DmsRefusalRelaxations
{
  const DmsRefusalNeed *need;
  /* (element-type Class) */
  GPtrArray *classes;
};

static void
class_free (gpointer data)
{
  Class *class = data;

  g_free (class->field);
  g_free (class->version);
  g_clear_pointer (&class->semver, dms_semver_unref);
  g_free (class);
}

DmsRefusalRelaxations *
dms_refusal_relaxations_new (const DmsRefusalNeed *need)
{
  DmsRefusalRelaxations *self = g_new0 (DmsRefusalRelaxations, 1);

  self->need = need;
  self->classes = g_ptr_array_new_with_free_func (class_free);
  return self;
}

void
dms_refusal_relaxations_free (DmsRefusalRelaxations *self)
{
  g_ptr_array_unref (self->classes);
  g_free (self);
}

/* What can be left out, or be asked for less of: not the executor, which is what the job is made for. */
static gboolean
can_be_relaxed (DmsRefusalRelaxations *self, const DmsBidRefusalReason *reason)
{
  switch (reason->code)
    {
    case DMS_BID_REFUSAL_LIBRARY:
    case DMS_BID_REFUSAL_PRICE:
    case DMS_BID_REFUSAL_TIME:
    case DMS_BID_REFUSAL_SPEED:
    case DMS_BID_REFUSAL_POWER:
    case DMS_BID_REFUSAL_KYC:
      return TRUE;
    default:
      return reason->offered > 0 && dms_refusal_need_get_amount (self->need, reason) > 0;
    }
}

/* Of some there are several, each with limits of its own. */
static const char *
get_which (const DmsBidRefusalReason *reason)
{
  return reason->code == DMS_BID_REFUSAL_LIBRARY || reason->code == DMS_BID_REFUSAL_PRICE ||
                 reason->code == DMS_BID_REFUSAL_KYC
             ? reason->field
             : "";
}

static DmsBidRefusalReason
as_reason (const Class *class)
{
  return (DmsBidRefusalReason){
    .code = class->code, .field = class->field, .offered = class->amount, .version = class->version
  };
}

/* Whether what is asked for is a least version, and nothing else. */
static gboolean
wants_at_least (const DmsRefusalNeed *need, const Class *class)
{
  DmsBidRefusalReason reason = as_reason (class);
  DmsLibrary *wanted = dms_refusal_need_get_library (need, &reason);
  g_autofree char *constraint = wanted != NULL ? dms_library_dup_wanted (wanted) : NULL;

  return constraint != NULL && constraint[0] == '>' && strchr (constraint, ',') == NULL;
}

void
dms_refusal_relaxations_count (DmsRefusalRelaxations *self, const DmsBidRefusalReason *reason)
{
  const char *field = get_which (reason);
  Class *made;

  if (!can_be_relaxed (self, reason))
    return;
  for (guint i = 0; i < self->classes->len; i++)
    {
      Class *known = self->classes->pdata[i];

      if (known->code == reason->code && known->amount == reason->offered &&
          strcmp (known->field, field) == 0 && g_strcmp0 (known->version, reason->version) == 0)
        {
          known->n_peers++;
          return;
        }
    }
  if (self->classes->len >= MAX_CLASSES)
    return;
  made = g_new0 (Class, 1);
  made->code = reason->code;
  made->field = g_strdup (field);
  made->amount = reason->offered;
  made->version = g_strdup (reason->version);
  made->semver = made->version != NULL ? dms_semver_new (made->version, NULL) : NULL;
  made->at_least = made->semver != NULL && wants_at_least (self->need, made);
  made->n_peers = 1;
  g_ptr_array_add (self->classes, made);
}

/* Whether machines of the other class would do where those of this one do. */
static gboolean
covers (const Class *class, const Class *other)
{
  if (class->code != other->code || strcmp (class->field, other->field) != 0)
    return FALSE;
  if (class->code == DMS_BID_REFUSAL_LIBRARY)
    {
      /* Nothing is asked for any more. */
      if (class->version == NULL || g_strcmp0 (class->version, other->version) == 0)
        return TRUE;
      return class->at_least && other->semver != NULL &&
             dms_semver_compare (other->semver, class->semver) >= 0;
    }
  if (class->amount <= 0)
    return TRUE;
  return dms_bid_refusal_code_is_ceiling (class->code) ? other->amount > 0 && other->amount <= class->amount
                                                       : other->amount >= class->amount;
}

/* How much of what is asked for is kept. */
static double
get_kept (const Class *class, double required)
{
  if (class->version != NULL)
    return OLDER;
  if (class->amount <= 0 || required <= 0)
    return NOTHING;
  return dms_bid_refusal_code_is_ceiling (class->code) ? required / class->amount : class->amount / required;
}

static char *
describe (const DmsRefusalNeed *need, const Class *class)
{
  DmsBidRefusalReason reason = as_reason (class);
  DmsLibrary *library = dms_refusal_need_get_library (need, &reason);

  if (library != NULL && class->version != NULL)
    return g_strdup_printf (
        "%s %s%s", dms_library_get_name (library), class->at_least ? ">= " : "", class->version);
  if (library != NULL)
    return g_strdup_printf ("one without %s", dms_library_get_name (library));
  if (class->amount > 0)
    return dms_refusal_need_format (need, &reason, class->amount);
  return g_strdup ("any");
}

static void
relaxation_free (gpointer data)
{
  DmsRelaxation *relaxation = data;

  g_free (relaxation->field);
  g_free (relaxation->text);
  g_free (relaxation);
}

/* (transfer full) */
static DmsRelaxation *
make_relaxation (DmsRefusalRelaxations *self, const Class *class)
{
  DmsRelaxation *made = g_new0 (DmsRelaxation, 1);
  DmsBidRefusalReason reason = as_reason (class);

  made->code = class->code;
  made->field = g_strdup (class->field);
  made->required = dms_refusal_need_get_amount (self->need, &reason);
  made->amount = class->amount;
  made->text = describe (self->need, class);
  for (guint i = 0; i < self->classes->len; i++)
    {
      const Class *other = self->classes->pdata[i];

      made->n_peers += covers (class, other) ? other->n_peers : 0;
    }
  made->worth = made->n_peers * get_kept (class, made->required);
  return made;
}

static int
compare_relaxations (gconstpointer a, gconstpointer b)
{
  const DmsRelaxation *left = *(const DmsRelaxation *const *) a;
  const DmsRelaxation *right = *(const DmsRelaxation *const *) b;

  if (left->worth < right->worth)
    return 1;
  if (left->worth > right->worth)
    return -1;
  return left->code != right->code ? (int) left->code - (int) right->code
                                   : strcmp (left->field, right->field);
}

GPtrArray *
dms_refusal_relaxations_list (DmsRefusalRelaxations *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (relaxation_free);

  for (guint i = 0; i < self->classes->len; i++)
    {
      DmsRelaxation *made = make_relaxation (self, self->classes->pdata[i]);
      guint at = 0;

      /* The best of each thing stays. */
      while (at < list->len && (((DmsRelaxation *) list->pdata[at])->code != made->code ||
                                strcmp (((DmsRelaxation *) list->pdata[at])->field, made->field) != 0))
        at++;
      if (at == list->len)
        g_ptr_array_add (list, made);
      else if (((DmsRelaxation *) list->pdata[at])->worth < made->worth)
        {
          relaxation_free (list->pdata[at]);
          list->pdata[at] = made;
        }
      else
        relaxation_free (made);
    }
  g_ptr_array_sort (list, compare_relaxations);
  if (list->len > MAX_LISTED)
    g_ptr_array_set_size (list, MAX_LISTED);
  return list;
}
