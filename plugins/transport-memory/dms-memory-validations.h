/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "dms-memory-delivery.h"

G_BEGIN_DECLS

/* The messages whose validator has not said yet what to do with them. Bounded in number and in time. */
typedef struct _DmsMemoryValidations DmsMemoryValidations;

/* Told once what to do with the message. Takes the delivery. */
typedef void (*DmsMemoryVerdict) (gpointer receiver, DmsMemoryDelivery *delivery, DmsValidation verdict);

DmsMemoryValidations *dms_memory_validations_new (void);
void dms_memory_validations_free (DmsMemoryValidations *self);

/* A ticket for a message; takes the delivery. 0, and does not take it, when too many wait. */
guint64 dms_memory_validations_open (DmsMemoryValidations *self,
                                     gpointer receiver,
                                     DmsMemoryDelivery *delivery,
                                     DmsMemoryVerdict verdict);
void dms_memory_validations_finish (DmsMemoryValidations *self, guint64 ticket, DmsValidation verdict);
/* All are ignored. */
void dms_memory_validations_drop_all (DmsMemoryValidations *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsMemoryValidations, dms_memory_validations_free)

G_END_DECLS
