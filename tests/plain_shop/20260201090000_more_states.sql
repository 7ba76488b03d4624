alter type shop.order_state add value 'returned' after 'shipped';
