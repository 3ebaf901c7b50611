/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/behaviours/dms-behaviours.h"
#include <dms.h>

#include "common/dms-json-object.h"
#include "identity/dms-base32.h"

#define MAX_CONTRACT (1024 * 1024)

static gboolean
add_contract (DmsCliCall *call, DmsCliSession *session, JsonObject *payload, GError **error)
{
  const char *path = dms_cli_call_get_string (call, "contract-file");
  g_autofree char *text = NULL;
  g_autoptr (JsonNode) node = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;
  gsize size;

  if (!g_file_get_contents (path, &text, &size, error))
    {
      dms_error_adopt (error, "--contract-file");
      return FALSE;
    }
  if (size <= MAX_CONTRACT)
    node = dms_json_node_from_text (text, size, NULL);
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, _ ("--contract-file: “%s” holds no JSON object"),
                   path);
      return FALSE;
    }

  json_object_iter_init (&iter, json_node_get_object (node));
  while (json_object_iter_next (&iter, &name, &member))
    json_object_set_member (payload, name, json_node_copy (member));

  return TRUE;
}

/* The contract's own actor, on the node that hosts it. */
static gboolean
aim_at_contract (DmsCliCall *call, DmsCliSession *session, JsonObject *payload, GError **error)
{
  const char *host = dms_cli_call_get_string (call, "contract-host-did");
  const char *contract = dms_cli_call_get_string (call, "contract-did");
  g_autoptr (DmsDid) host_did = NULL;
  g_autoptr (DmsDid) contract_did = NULL;
  g_autoptr (DmsPeerId) peer = NULL;
  g_autoptr (DmsHandle) handle = NULL;
  g_autofree char *id = NULL;
  g_autofree char *text = NULL;
  guint8 host_key[32];
  guint8 contract_key[32];

  if (host == NULL || host[0] == '\0')
    return TRUE;

  host_did = dms_did_new (host, error);
  contract_did = host_did != NULL ? dms_did_new (contract, error) : NULL;
  if (contract_did == NULL)
    return FALSE;
  if (!dms_did_get_ed25519 (host_did, host_key) || !dms_did_get_ed25519 (contract_did, contract_key))
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED,
                           _ ("--contract-host-did: both DIDs must be did:key with an Ed25519 key"));
      return FALSE;
    }

  peer = dms_peer_id_new_for_ed25519 (host_key);
  id = dms_base32_encode_id (contract_key);
  handle = dms_handle_new (id, contract_did, dms_peer_id_get_text (peer), contract);
  text = dms_handle_to_string (handle);

  return dms_cli_session_set_destination (session, text, error);
}

static gboolean
add_filters (DmsCliCall *call, DmsCliSession *session, JsonObject *payload, GError **error)
{
  return dms_list_payload_add_filters (call, payload, error);
}

static const DmsCliFlag create_flags[] = {
  { "contract-file", 0, DMS_CLI_FLAG_STRING, TRUE, NULL, "file", N_ ("the contract, as JSON") },
  { NULL },
};

static const DmsCliFlag optional_did_flags[] = {
  { "contract-did", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "DID", N_ ("the contract") },
  { NULL },
};

static const DmsCliField optional_did_fields[] = {
  { "contract_did", "contract-did", FALSE, NULL },
  { NULL },
};

static const DmsCliField did_fields[] = {
  { "contract_did", "contract-did", TRUE, NULL },
  { NULL },
};

static const DmsCliFlag role_flags[] = {
  { "role", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "role", N_ ("provider or requestor; both if not given") },
  { NULL },
};

static const DmsCliField role_fields[] = {
  { "role", "role", FALSE, NULL },
  { NULL },
};

static const DmsCliFlag hosted_flags[] = {
  { "contract-did", 0, DMS_CLI_FLAG_STRING, TRUE, NULL, "DID", N_ ("the contract") },
  { "contract-host-did", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "DID",
   N_ ("the node that hosts the contract") },
  { NULL },
};

static const DmsCliFlag unique_flags[] = {
  { "unique-id", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "id", N_ ("the payment") },
  { NULL },
};

static const DmsCliField unique_fields[] = {
  { "unique_id", "unique-id", TRUE, NULL },
  { NULL },
};

static const DmsCliFlag quote_flags[] = {
  { "quote-id", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "id", N_ ("the quote") },
  { NULL },
};

static const DmsCliField quote_fields[] = {
  { "quote_id", "quote-id", TRUE, NULL },
  { NULL },
};

static const DmsCliFlag transactions_flags[] = {
  { "filter", 'f', DMS_CLI_FLAG_STRING_ARRAY, FALSE, NULL, "key=value",
   N_ ("only those with this metadata; may be repeated") },
  { "status", 0, DMS_CLI_FLAG_STRING_ARRAY, FALSE, NULL, "status", N_ ("paid or unpaid; may be repeated") },
  { "contract-did", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "DID", N_ ("the contract") },
  { "payment-validator-did", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "DID",
   N_ ("only those this node validates") },
  { "unique-id", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "id", N_ ("only this payment") },
  { "tx-hash", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "hash", N_ ("only this transaction") },
  { "blockchain", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "name", N_ ("ETHEREUM or CARDANO") },
  { "to-address", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "address", N_ ("only those to it") },
  { "from-address", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "address", N_ ("only those from it") },
  { "limit", 0, DMS_CLI_FLAG_INT, FALSE, NULL, "n", N_ ("at most so many") },
  { "offset", 0, DMS_CLI_FLAG_INT, FALSE, NULL, "n", N_ ("leave out so many at the beginning") },
  { "sort", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "field",
   N_ ("created_at or status; a minus sign turns it around") },
  { NULL },
};

static const DmsCliField transactions_fields[] = {
  { "status", "status", FALSE, NULL },
  { "contract_did", "contract-did", FALSE, NULL },
  { "payment_validator_did", "payment-validator-did", FALSE, NULL },
  { "unique_id", "unique-id", FALSE, NULL },
  { "tx_hash", "tx-hash", FALSE, NULL },
  { "blockchain", "blockchain", FALSE, NULL },
  { "to_address", "to-address", FALSE, NULL },
  { "from_address", "from-address", FALSE, NULL },
  { "limit", "limit", FALSE, NULL },
  { "offset", "offset", FALSE, NULL },
  { "sort_by", "sort", FALSE, NULL },
  { NULL },
};

static const DmsCliFlag confirm_flags[] = {
  { "unique-id", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "id", N_ ("the payment") },
  { "tx-hash", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "hash", N_ ("the transaction that paid it") },
  { "blockchain", 0, DMS_CLI_FLAG_STRING, TRUE, NULL, "name", N_ ("ETHEREUM or CARDANO") },
  { "quote-id", 0, DMS_CLI_FLAG_STRING, FALSE, NULL, "id", N_ ("the quote it was paid at") },
  { NULL },
};

static const DmsCliField confirm_fields[] = {
  { "unique_id", "unique-id", TRUE, NULL },
  { "tx_hash", "tx-hash", TRUE, NULL },
  { "blockchain", "blockchain", TRUE, NULL },
  { "quote_id", "quote-id", TRUE, NULL },
  { NULL },
};

const DmsCliVerb dms_behaviours_contracts[] = {
  {
    .path = "actor cmd /dms/tokenomics/contract/create",
    .summary = N_ ("make a contract"),
    .flags = create_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .complete = add_contract },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/approve_local",
    .summary = N_ ("sign this node's part of a contract"),
    .flags = optional_did_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = did_fields },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/list",
    .summary = N_ ("list the contracts of this node"),
    .flags = role_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = role_fields },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/state",
    .summary = N_ ("show a contract"),
    .flags = hosted_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = did_fields, .complete = aim_at_contract },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/terminate",
    .summary = N_ ("end a contract early"),
    .flags = hosted_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = did_fields, .complete = aim_at_contract },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/complete",
    .summary = N_ ("end a contract"),
    .flags = hosted_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = did_fields, .complete = aim_at_contract },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/settle",
    .summary = N_ ("settle a contract"),
    .flags = hosted_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = did_fields, .complete = aim_at_contract },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/validate",
    .summary = N_ ("check a contract"),
    .flags = hosted_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = did_fields, .complete = aim_at_contract },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/payment/status",
    .summary = N_ ("ask whether a payment was made"),
    .flags = unique_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = unique_fields },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/usages/calculate",
    .summary = N_ ("add up what contracts owe"),
    .flags = optional_did_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = optional_did_fields },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/transactions/list",
    .summary = N_ ("list payments"),
    .flags = transactions_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = transactions_fields, .complete = add_filters },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/transactions/confirm",
    .summary = N_ ("tell that a payment was made"),
    .flags = confirm_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = confirm_fields },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/payment/quote/get",
    .summary = N_ ("ask for a price in the currency of payment"),
    .flags = unique_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = unique_fields },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/payment/quote/validate",
    .summary = N_ ("ask whether a quote still holds"),
    .flags = quote_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = quote_fields },
  },
  {
    .path = "actor cmd /dms/tokenomics/contract/payment/quote/cancel",
    .summary = N_ ("give a quote up"),
    .flags = quote_flags,
    .run = dms_cli_behaviour_run,
    .data = &(const DmsCliBehaviour){ .fields = quote_fields },
  },
  { NULL },
};
