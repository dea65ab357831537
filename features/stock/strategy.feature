Feature: When a shopper's units are held
  Pessimistic products are held in the cart, optimistic ones only when the buyer pays, adaptive ones in the cart while they are scarce.

  Scenario: Held in the cart
    Given a product "watch" at 250.00 EUR with stock 1
    And "watch" is pessimistic
    When ann puts 1 "watch" into her cart
    Then the stock of "watch" is 1 on hand, 1 reserved, 0 allocated, 0 available
    And ann's cart says until when her "watch" is held
    When bob puts 1 "watch" into his cart
    Then bob is told out_of_stock with 0 available
    When ann checks out
    Then ann's order is placed
    And the stock of "watch" is 1 on hand, 0 reserved, 1 allocated, 0 available

  Scenario: Fewer in the cart, fewer held
    Given a product "watch" at 250.00 EUR with stock 3
    And "watch" is pessimistic
    And ann has 3 "watch" in her cart
    When ann changes her "watch" to 1
    Then the stock of "watch" is 3 on hand, 1 reserved, 0 allocated, 2 available
    When ann takes "watch" out of her cart
    Then the stock of "watch" is 3 on hand, 0 reserved, 0 allocated, 3 available

  Scenario: What is told is what can still be had
    Given a product "watch" at 250.00 EUR with stock 3
    And "watch" is pessimistic
    And ann has 2 "watch" in her cart
    When bob puts 2 "watch" into his cart
    Then bob is told out_of_stock with 1 available
    And bob is told out_of_stock at "/quantity"

  Scenario: A cart that is thrown away holds nothing
    Given a product "watch" at 250.00 EUR with stock 1
    And "watch" is pessimistic
    And ann has 1 "watch" in her cart
    When ann throws her cart away
    Then the stock of "watch" is 1 on hand, 0 reserved, 0 allocated, 1 available

  Scenario: Not held before the buyer pays
    Given a product "shirt" at 19.90 EUR with stock 1
    And "shirt" is optimistic
    When ann puts 1 "shirt" into her cart
    And bob puts 1 "shirt" into his cart
    Then the stock of "shirt" is 1 on hand, 0 reserved, 0 allocated, 1 available

  Scenario: Adaptive, and plenty of it
    Given a product "ticket" at 80.00 EUR with stock 5
    And "ticket" is adaptive, and scarce below 3
    When ann puts 1 "ticket" into her cart
    Then the stock of "ticket" is 5 on hand, 0 reserved, 0 allocated, 5 available

  Scenario: Adaptive, and scarce
    Given a product "ticket" at 80.00 EUR with stock 2
    And "ticket" is adaptive, and scarce below 3
    When ann puts 1 "ticket" into her cart
    Then the stock of "ticket" is 2 on hand, 1 reserved, 0 allocated, 1 available
