/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-contract-ref.h"

#include "jobs/dms-job-json.h"

struct _DmsContractRef
{
  char *name;
  char *did;
  char *host;
};

G_DEFINE_BOXED_TYPE (DmsContractRef, dms_contract_ref, dms_contract_ref_ref, dms_contract_ref_unref)

DmsContractRef *
dms_contract_ref_new (const char *name, const char *did, const char *host)
{
  DmsContractRef *self = g_atomic_rc_box_new0 (DmsContractRef);

  self->name = g_strdup (name);
  self->did = g_strdup (did);
  self->host = g_strdup (host);
  return self;
}

const char *
dms_contract_ref_get_name (DmsContractRef *self)
{
  return self->name;
}

const char *
dms_contract_ref_get_did (DmsContractRef *self)
{
  return self->did;
}

const char *
dms_contract_ref_get_host (DmsContractRef *self)
{
  return self->host;
}

JsonNode *
dms_contract_ref_to_json (DmsContractRef *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "did", self->did);
  json_object_set_string_member (object, "host", self->host != NULL ? self->host : "");
  return dms_job_json_take_object (object);
}

DmsContractRef *
dms_contract_ref_ref (DmsContractRef *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
contract_ref_clear (gpointer data)
{
  DmsContractRef *self = data;

  g_free (self->name);
  g_free (self->did);
  g_free (self->host);
}

void
dms_contract_ref_unref (DmsContractRef *self)
{
  g_atomic_rc_box_release_full (self, contract_ref_clear);
}
