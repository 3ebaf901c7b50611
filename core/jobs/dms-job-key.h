/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/* A public key or key file to install for a job (ensemble.md 4.6). */
typedef struct _DmsJobKey DmsJobKey;

#define DMS_TYPE_JOB_KEY (dms_job_key_get_type ())

GType dms_job_key_get_type (void);

DmsJobKey *dms_job_key_new (const char *type, const char *content, const char *destination);
/* `ssh` or `gpg` */
const char *dms_job_key_get_type_name (DmsJobKey *self);
/* The text of the key itself. */
const char *dms_job_key_get_content (DmsJobKey *self);
/* (nullable): where it goes; NULL for `ssh`, which goes to the user's authorised keys. */
const char *dms_job_key_get_destination (DmsJobKey *self);

JsonNode *dms_job_key_to_json (DmsJobKey *self);
DmsJobKey *dms_job_key_ref (DmsJobKey *self);
void dms_job_key_unref (DmsJobKey *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsJobKey, dms_job_key_unref)

G_END_DECLS
