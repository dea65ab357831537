/*
 * payment.confirm: the buyer has been at their bank's page.
 *
 * The checkout that waits for it asks the provider by itself; this notes at once what the buyer did there.
 */
#include "services/payment/payment_internal.h"

static void confirmed(struct saga_run *run, const Payment__Payment *payment)
{
    ((Payment__ConfirmPaymentResponse *)run->answer)->status = payment->status;
    saga_next(run);
}

static void confirm(struct saga_run *run)
{
    const Payment__ConfirmPaymentRequest *request = (const Payment__ConfirmPaymentRequest *)run->request;
    struct payment_provider *provider = payment_provider_in_use();
    Payment__RecordOutcomeRequest *outcome;

    if (!provider->confirm(provider, request->id, request->secret, request->refuse)) {
        saga_refuse(run, RESULT_NOT_FOUND, "There is no payment `%s` to confirm with that secret.", request->id);
        return;
    }
    outcome = ARENA_NEW(run->arena, Payment__RecordOutcomeRequest);
    payment__record_outcome_request__init(outcome);
    outcome->id = request->id;
    outcome->operation = PAYMENT__PAYMENT_OPERATION__PAYMENT_OPERATION_AUTHORIZE;
    outcome->outcome = request->refuse ? PAYMENT__PAYMENT_OUTCOME__PAYMENT_OUTCOME_DECLINED
                                       : PAYMENT__PAYMENT_OUTCOME__PAYMENT_OUTCOME_DONE;
    outcome->decline_reason = request->refuse ? "authentication_refused" : "";
    outcome->provider_reference = arena_printf(run->arena, "%s_%s", provider->name, request->id);
    call_payment_record_outcome(run, outcome, confirmed);
}

static const struct saga_step steps[] = {{"note what the buyer did", confirm, NULL}};

const struct saga payment_confirm = {SAGA_STEPS(steps)};
