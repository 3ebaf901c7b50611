/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "common/dms-json-object.h"
#include "observability/dms-log.h"
#include "provider/dms-provider-private.h"
#include "succession/dms-succession-behaviours.h"
#include "succession/dms-vote.h"

/* What a machine does about the succession of orchestrators: it is told who may follow the present one, and
 * follows whoever shows the votes of a majority of them in a newer term (docs/supervision.md). */

#define TAKE_OVER "/dms/deployment/succession/take-over"

static void
reply (DmsMessage *message, const char *error)
{
  JsonObject *object = json_object_new ();

  json_object_set_boolean_member (object, "OK", error == NULL);
  json_object_set_string_member (object, "Error", error != NULL ? error : "");
  dms_message_reply_object (message, object);
}

gboolean
dms_provider_trusts_record (DmsProvider *self, DmsAllocationRecord *record)
{
  /* An owner's node may have taken over what a stranger deployed. */
  return dms_provider_is_owner (self, record->owner_did) &&
         (record->on_behalf_of == NULL || dms_provider_is_owner (self, record->on_behalf_of));
}

/* (element-type DmsAllocationRecord) (transfer container) */
static GPtrArray *
list_records (DmsProvider *provider, const char *ensemble_id)
{
  g_autoptr (GPtrArray) allocations = dms_provider_list_allocations (provider);
  GPtrArray *records = g_ptr_array_new ();

  for (guint i = 0; i < allocations->len; i++)
    {
      DmsAllocationRecord *record = dms_allocation_get_record (allocations->pdata[i]);

      if (g_strcmp0 (record->ensemble_id, ensemble_id) == 0)
        g_ptr_array_add (records, record);
    }
  return records;
}

static gboolean
save_in_transaction (DmsStore *store, gpointer user_data, GError **error)
{
  gpointer *arguments = user_data;
  GPtrArray *records = arguments[1];

  for (guint i = 0; i < records->len; i++)
    {
      if (!dms_provider_save_record (arguments[0], records->pdata[i], error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
save_all (DmsProvider *provider, GPtrArray *records, GError **error)
{
  gpointer arguments[] = { provider, records };

  return dms_store_transaction (dms_provider_get_store (provider), save_in_transaction, arguments, error);
}

static gboolean
may_replace (DmsAllocationRecord *record, DmsRoll *roll)
{
  return record->roll == NULL ||
         (dms_roll_get_number (roll) >= dms_roll_get_number (record->roll) &&
          g_strv_equal (dms_roll_get_orchestrators (roll), dms_roll_get_orchestrators (record->roll)));
}

/* What a message says of who may follow its sender; NULL with an error when that is malformed. */
static DmsRoll *
read_roll (DmsMessage *message, const char *ensemble_id, GError **error)
{
  JsonObject *payload = dms_message_get_object (message);
  g_autofree char *sender = dms_succession_dup_sender (message);
  g_autoptr (DmsRoll) roll = dms_roll_new_from_json (dms_json_object_get_member (payload, "Roll"), error);

  if (roll == NULL)
    return NULL;
  if (g_strcmp0 (dms_roll_get_ensemble_id (roll), ensemble_id) == 0 && sender != NULL &&
      dms_roll_get_rank (roll, sender) >= 0)
    return g_steal_pointer (&roll);
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "the roll is another ensemble's, or has not you");
  return NULL;
}

static void
set_roll (DmsAllocationRecord *record, DmsRoll *roll, DmsMessage *message)
{
  guint64 term =
      (guint64) dms_json_object_get_whole (dms_message_get_object (message), "Term", 1, G_MAXINT32, 1);

  dms_roll_ref (roll);
  g_clear_pointer (&record->roll, dms_roll_unref);
  record->roll = roll;
  record->term = MAX (record->term, term);
}

gboolean
dms_succession_answers_begin (DmsAllocationRecord *record, DmsMessage *message, GError **error)
{
  g_autoptr (DmsRoll) roll = NULL;

  if (dms_json_object_get_member (dms_message_get_object (message), "Roll") == NULL)
    return TRUE;
  roll = read_roll (message, record->ensemble_id, error);
  if (roll == NULL)
    return FALSE;
  set_roll (record, roll, message);
  return TRUE;
}

void
dms_succession_answers_take_roll (DmsProvider *provider, const char *ensemble_id, DmsMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsRoll) roll = read_roll (message, ensemble_id, &error);
  g_autoptr (GPtrArray) records = list_records (provider, ensemble_id);

  for (guint i = 0; error == NULL && i < records->len; i++)
    {
      DmsAllocationRecord *record = records->pdata[i];

      if (!dms_did_equal (record->orchestrator_did, dms_message_get_sender_did (message)) ||
          !may_replace (record, roll))
        g_set_error (&error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "this machine knows a newer roll");
    }
  for (guint i = 0; error == NULL && i < records->len; i++)
    set_roll (records->pdata[i], roll, message);
  if (error == NULL)
    (void) save_all (provider, records, &error);
  reply (message, error == NULL ? NULL : error->message);
}

/* Whether the sender leads all of it in a term that is newer; or did so before, and was not answered. */
static gboolean
is_chosen (GPtrArray *records, const char *sender, DmsMessage *message)
{
  JsonObject *payload = dms_message_get_object (message);
  guint64 term = (guint64) dms_json_object_get_whole (payload, "Term", 1, G_MAXINT32, 0);
  JsonArray *votes = dms_json_object_get_list (payload, "Votes");

  for (guint i = 0; i < records->len; i++)
    {
      DmsAllocationRecord *record = records->pdata[i];
      gboolean known = term == record->term &&
                       dms_did_equal (record->orchestrator_did, dms_message_get_sender_did (message));

      if (record->roll == NULL ||
          (!known && (term <= record->term || !dms_vote_is_majority (votes, record->roll, term, sender))))
        return FALSE;
    }
  return records->len > 0;
}

static void
on_take_over (DmsActor *actor, DmsMessage *message, gpointer user_data)
{
  DmsProvider *provider = user_data;
  JsonObject *payload = dms_message_get_object (message);
  const char *ensemble_id = dms_json_object_get_text (payload, "EnsembleID");
  guint64 term = (guint64) dms_json_object_get_whole (payload, "Term", 1, G_MAXINT32, 0);
  g_autofree char *sender = dms_succession_dup_sender (message);
  g_autoptr (GPtrArray) records = list_records (provider, ensemble_id);
  g_autoptr (GError) error = NULL;

  /* Who has nothing to show is not told what runs here. */
  if (sender == NULL || !is_chosen (records, sender, message))
    return;
  for (guint i = 0; i < records->len; i++)
    {
      DmsAllocationRecord *record = records->pdata[i];

      record->term = term;
      dms_handle_unref (record->orchestrator);
      record->orchestrator = dms_handle_ref (dms_message_get_from (message));
      dms_did_unref (record->orchestrator_did);
      record->orchestrator_did = dms_did_ref (dms_message_get_sender_did (message));
    }
  if (!save_all (provider, records, &error))
    {
      reply (message, error->message);
      return;
    }
  dms_log_event (
      G_LOG_LEVEL_INFO, "orchestrator_changed", "orchestratorID", ensemble_id, "peer", sender, NULL);
  dms_provider_hand_over (provider, ensemble_id);
  reply (message, NULL);
}

void
dms_succession_answers_install (DmsProvider *provider, DmsActor *root)
{
  dms_actor_add_behaviour (root, TAKE_OVER, DMS_BEHAVIOUR_OPEN, on_take_over, provider, NULL);
}
