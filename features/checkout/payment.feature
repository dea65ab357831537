@buying
Feature: Paying
  Nobody is charged twice, and nobody without an order.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 1
    And ann has 1 "shirt" in her cart

  Scenario: A card is declined, another one is not
    When ann checks out with a card that is declined
    Then ann is told payment_declined
    And ann's cart is open
    And ann's cart has 1 "shirt" at 19.90 EUR, together 19.90 EUR
    And the stock of "shirt" is 1 on hand, 0 reserved, 0 allocated, 1 available
    When ann checks out
    Then ann's order is placed
    And ann was charged once

  Scenario: What was held stays held after a declined card
    Given a product "watch" at 250.00 EUR with stock 1
    And "watch" is pessimistic
    And bob has 1 "watch" in his cart
    When bob checks out with a card that is declined
    Then bob is told payment_declined
    And the stock of "watch" is 1 on hand, 1 reserved, 0 allocated, 0 available
    And bob's cart says until when his "watch" is held

  Scenario: A payment method that is none
    When ann checks out with the payment token "pm_nonsense"
    Then ann is told payment_method_invalid
    And ann's cart is open

  Scenario: The provider fails without charging
    When ann checks out with a card at which the provider fails
    Then ann is told payment_declined
    And nobody without an order was charged
    When ann checks out
    Then ann's order is placed
    And ann was charged once

  Scenario: The provider answers too late, having charged
    When ann checks out with a card at which the provider answers too late
    Then ann's order is placed within 60 seconds
    And ann was charged once

  Scenario: The bank wants to see the buyer
    When ann checks out with a card that needs 3-D Secure
    Then ann is told to wait, and where to look
    And ann is sent to her bank's page
    And the stock of "shirt" is 1 on hand, 1 reserved, 0 allocated, 0 available
    When ann confirms at her bank's page
    Then ann's order is placed within 10 seconds
    And ann was charged once

  Scenario: The buyer turns it down at the bank
    When ann checks out with a card that needs 3-D Secure
    And ann refuses at her bank's page
    Then ann's checkout fails with payment_declined within 10 seconds
    And ann's cart is open
    And the stock of "shirt" is 1 on hand, 0 reserved, 0 allocated, 1 available
    And nobody without an order was charged

  Scenario: While the bank is asked the cart is the checkout's
    When ann checks out with a card that needs 3-D Secure
    And ann puts 1 "shirt" into her cart
    Then ann is told cart_locked
    When ann throws her cart away
    Then ann is told cart_locked

  Scenario: Somebody else's checkout
    When bob looks at a checkout that does not exist
    Then bob is told not_found
