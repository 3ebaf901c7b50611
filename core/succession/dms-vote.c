/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "succession/dms-vote.h"

#include "common/dms-json-object.h"
#include "identity/dms-signature.h"

#include <string.h>

/* No two votes have the same text: an ID and a peer ID have no spaces. */
static char *
make_text (DmsRoll *roll, guint64 term, const char *candidate)
{
  return g_strdup_printf ("dms-succession-vote: %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %s",
                          dms_roll_get_ensemble_id (roll),
                          dms_roll_get_number (roll),
                          term,
                          candidate);
}

JsonObject *
dms_vote_sign (DmsKey *key, DmsRoll *roll, guint64 term, const char *candidate)
{
  g_autofree char *text = make_text (roll, term, candidate);
  g_autofree char *base64 = NULL;
  guint8 signature[DMS_KEY_SIGNATURE_SIZE];
  JsonObject *vote = json_object_new ();

  dms_key_sign (key, text, strlen (text), signature);
  base64 = g_base64_encode (signature, sizeof signature);
  json_object_set_string_member (vote, "Peer", dms_peer_id_get_text (dms_key_get_peer_id (key)));
  json_object_set_string_member (vote, "Signature", base64);
  return vote;
}

const char *
dms_vote_get_voter (JsonObject *vote, DmsRoll *roll, guint64 term, const char *candidate)
{
  const char *peer = dms_json_object_get_text (vote, "Peer");
  const char *base64 = dms_json_object_get_text (vote, "Signature");
  g_autofree char *text = make_text (roll, term, candidate);
  g_autoptr (DmsPeerId) id = NULL;
  g_autofree guint8 *signature = NULL;
  gsize size = 0;
  guint8 key[32];

  if (peer == NULL || base64 == NULL || strlen (base64) > 2 * DMS_KEY_SIGNATURE_SIZE ||
      !dms_roll_has_member (roll, peer))
    return NULL;
  id = dms_peer_id_new (peer, NULL);
  signature = g_base64_decode (base64, &size);
  if (id == NULL || !dms_peer_id_get_ed25519 (id, key) ||
      !dms_signature_verify (key, text, strlen (text), signature, size))
    return NULL;
  return peer;
}

gboolean
dms_vote_is_majority (JsonArray *votes, DmsRoll *roll, guint64 term, const char *candidate)
{
  guint n = votes == NULL ? 0 : MIN (json_array_get_length (votes), DMS_ROLL_MAX_MEMBERS);
  g_autoptr (GHashTable) voters = g_hash_table_new (g_str_hash, g_str_equal);

  if (dms_roll_get_rank (roll, candidate) < 0)
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      JsonObject *vote = dms_json_node_get_child (json_array_get_element (votes, i));
      const char *voter = dms_vote_get_voter (vote, roll, term, candidate);

      if (voter != NULL)
        g_hash_table_add (voters, (gpointer) voter);
    }
  return g_hash_table_size (voters) >= dms_roll_get_majority (roll);
}
