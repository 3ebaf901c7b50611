/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-job-consent.h"

#include "common/dms-json-object.h"

/* Anything but an absent or empty value is a wish; executors say later whether it is a sound one. */
static gboolean
is_wished (JsonObject *params, const char *name)
{
  JsonNode *node = dms_json_object_get_member (params, name);

  return node != NULL && !JSON_NODE_HOLDS_NULL (node) &&
         g_strcmp0 (dms_json_object_get_text (params, name), "") != 0;
}

DmsJobConsent
dms_job_consent_of_params (JsonObject *params)
{
  DmsJobConsent needed = DMS_JOB_CONSENT_NONE;

  if (params == NULL)
    return needed;
  if (is_wished (params, "network") && g_strcmp0 (dms_json_object_get_text (params, "network"), "none") != 0)
    needed |= DMS_JOB_CONSENT_HOST_NETWORK;
  if (is_wished (params, "rootfs") || is_wished (params, "root"))
    needed |= DMS_JOB_CONSENT_HOST_ROOTFS;
  return needed;
}

gboolean
dms_job_consent_check (DmsJobConsent needed, DmsConfig *config, gboolean trusted, GError **error)
{
  if (trusted)
    return TRUE;
  if ((needed & DMS_JOB_CONSENT_HOST_NETWORK) != 0 && !dms_config_get_bool (config, "job.allow_host_network"))
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_PERMISSION_DENIED,
                           "the job asks for the network of this machine, which its owner does not lend: he "
                           "sets job.allow_host_network to true, or the job does without “network: host”");
      return FALSE;
    }
  if ((needed & DMS_JOB_CONSENT_HOST_ROOTFS) != 0)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_PERMISSION_DENIED,
                           "the job asks for a directory of this machine as its root file system, which "
                           "only its owner may use; take “rootfs” out of the job, or use a container");
      return FALSE;
    }
  return TRUE;
}
