/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-bid-refusal.h"

#include "common/dms-json-object.h"
#include "resources/dms-semver.h"

#include <string.h>

enum
{
  /* Bytes of a name; those of ensembles and nodes are shorter. */
  MAX_NAME = 256,
  /* Characters of a version. */
  MAX_VERSION = 64,
};

/* More than any machine has of anything, in bytes. */
static const double MAX_AMOUNT = 1e18;

#define WANTED "Refusals"
#define MEMBER "Refusal"

struct _DmsBidRefusal
{
  gatomicrefcount refs;
  char *ensemble_id;
  gint64 nonce;
  /* (element-type DmsBidRefusalReason) */
  GPtrArray *reasons;
};

G_DEFINE_BOXED_TYPE (DmsBidRefusal, dms_bid_refusal, dms_bid_refusal_ref, dms_bid_refusal_unref)

static void
reason_free (gpointer data)
{
  DmsBidRefusalReason *reason = data;

  g_free (reason->node);
  g_free (reason->field);
  g_free (reason->version);
  g_free (reason);
}

DmsBidRefusal *
dms_bid_refusal_new (const char *ensemble_id, gint64 nonce)
{
  DmsBidRefusal *self = g_new0 (DmsBidRefusal, 1);

  g_atomic_ref_count_init (&self->refs);
  self->ensemble_id = g_strdup (ensemble_id);
  self->nonce = nonce;
  self->reasons = g_ptr_array_new_with_free_func (reason_free);
  return self;
}

DmsBidRefusal *
dms_bid_refusal_ref (DmsBidRefusal *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
dms_bid_refusal_unref (DmsBidRefusal *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;

  g_free (self->ensemble_id);
  g_ptr_array_unref (self->reasons);
  g_free (self);
}

void
dms_bid_refusal_add (DmsBidRefusal *self,
                     DmsBidRefusalCode code,
                     const char *node,
                     const char *field,
                     double required,
                     double offered)
{
  gboolean counts = dms_bid_refusal_code_get_unit (code) != NULL && required > 0;
  DmsBidRefusalReason *reason;

  if (self->reasons->len >= DMS_BID_REFUSAL_MAX_REASONS)
    return;
  reason = g_new0 (DmsBidRefusalReason, 1);
  reason->code = code;
  reason->node = g_strdup (node);
  reason->field = g_strdup (field != NULL ? field : "");
  reason->required = counts ? required : 0;
  reason->offered = counts ? offered : 0;
  if (!dms_bid_refusal_code_is_stated (code))
    reason->offered = dms_bid_refusal_code_coarsen (reason->offered);
  g_ptr_array_add (self->reasons, reason);
}

void
dms_bid_refusal_add_library (DmsBidRefusal *self, const char *node, const char *field, const char *version)
{
  g_autoptr (DmsSemver) read = version != NULL ? dms_semver_new (version, NULL) : NULL;
  guint n_reasons = self->reasons->len;
  DmsBidRefusalReason *reason;

  dms_bid_refusal_add (self, DMS_BID_REFUSAL_LIBRARY, node, field, 0, 0);
  if (self->reasons->len == n_reasons || read == NULL || strlen (version) > MAX_VERSION)
    return;
  reason = g_ptr_array_index (self->reasons, n_reasons);
  reason->version = g_strdup (version);
}

const char *
dms_bid_refusal_get_ensemble_id (DmsBidRefusal *self)
{
  return self->ensemble_id;
}

gint64
dms_bid_refusal_get_nonce (DmsBidRefusal *self)
{
  return self->nonce;
}

guint
dms_bid_refusal_get_n_reasons (DmsBidRefusal *self)
{
  return self->reasons->len;
}

const DmsBidRefusalReason *
dms_bid_refusal_get_reason (DmsBidRefusal *self, guint index)
{
  return g_ptr_array_index (self->reasons, index);
}

gboolean
dms_bid_refusal_is_one (JsonNode *payload)
{
  return dms_json_object_get_member (dms_json_node_get_child (payload), MEMBER) != NULL;
}

static gboolean
is_name (const char *text)
{
  return text != NULL && strlen (text) <= MAX_NAME;
}

static void
read_reason (DmsBidRefusal *self, JsonNode *node)
{
  JsonObject *object = dms_json_node_get_child (node);
  const char *name = dms_json_object_get_text (object, "NodeID");
  const char *field = dms_json_object_get_text (object, "Field");
  DmsBidRefusalCode code = dms_bid_refusal_code_from_string (dms_json_object_get_text (object, "Code"));

  if (code == DMS_BID_REFUSAL_N_CODES || !is_name (name) || (field != NULL && !is_name (field)))
    return;
  if (code == DMS_BID_REFUSAL_LIBRARY)
    {
      dms_bid_refusal_add_library (self, name, field, dms_json_object_get_text (object, "Version"));
      return;
    }
  dms_bid_refusal_add (self,
                       code,
                       name,
                       field,
                       dms_json_object_get_number (object, "Required", 0, MAX_AMOUNT, 0),
                       dms_json_object_get_number (object, "Offered", 0, MAX_AMOUNT, 0));
}

DmsBidRefusal *
dms_bid_refusal_new_from_json (JsonNode *payload, GError **error)
{
  JsonObject *object = dms_json_object_get_child (dms_json_node_get_child (payload), MEMBER);
  const char *id = dms_json_object_get_text (object, "EnsembleID");
  JsonArray *list = dms_json_object_get_list (object, "Reasons");
  guint n = list != NULL ? MIN (json_array_get_length (list), DMS_BID_REFUSAL_MAX_REASONS) : 0;
  g_autoptr (DmsBidRefusal) self = NULL;

  if (is_name (id))
    self = dms_bid_refusal_new (id, dms_json_object_get_whole (object, "Nonce", 0, G_MAXINT64, -1));
  for (guint i = 0; self != NULL && i < n; i++)
    read_reason (self, json_array_get_element (list, i));
  if (self == NULL || self->reasons->len == 0)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_DATA,
                           "a refusal must have an EnsembleID, and Reasons with NodeID and Code");
      return NULL;
    }
  return g_steal_pointer (&self);
}

static JsonObject *
write_reason (const DmsBidRefusalReason *reason)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "NodeID", reason->node);
  json_object_set_string_member (object, "Code", dms_bid_refusal_code_to_string (reason->code));
  if (reason->field[0] != '\0')
    json_object_set_string_member (object, "Field", reason->field);
  if (reason->required > 0)
    {
      json_object_set_double_member (object, "Required", reason->required);
      json_object_set_double_member (object, "Offered", reason->offered);
    }
  if (reason->version != NULL)
    json_object_set_string_member (object, "Version", reason->version);
  return object;
}

JsonNode *
dms_bid_refusal_to_json (DmsBidRefusal *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *outer = json_object_new ();
  JsonObject *object = json_object_new ();
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < self->reasons->len; i++)
    json_array_add_object_element (list, write_reason (self->reasons->pdata[i]));
  json_object_set_string_member (object, "EnsembleID", self->ensemble_id);
  json_object_set_int_member (object, "Nonce", self->nonce);
  json_object_set_array_member (object, "Reasons", list);
  json_object_set_object_member (outer, MEMBER, object);
  json_node_take_object (node, outer);
  return node;
}

gboolean
dms_bid_refusal_is_wanted (JsonObject *request)
{
  return dms_json_object_get_flag (request, WANTED);
}

void
dms_bid_refusal_want (JsonObject *request)
{
  json_object_set_boolean_member (request, WANTED, TRUE);
}
